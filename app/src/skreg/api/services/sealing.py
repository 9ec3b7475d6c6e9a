"""Seals session keys for the database: AES-256-GCM under a key the operator keeps elsewhere."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Sealing:
    """Seals and opens; ``name`` tells one sealing key from another without giving it away."""

    def __init__(self, key: str) -> None:
        derived = HKDF(SHA256(), 48, salt=None, info=b"skreg session sealing 1").derive(
            key.encode()
        )
        self._cipher = AESGCM(derived[:32])
        self.name = derived[32:].hex()

    def seal(self, key_id: str, secret: bytes) -> bytes:
        """Return ``secret`` sealed for the row ``key_id``: nonce, then ciphertext."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, key_id.encode())

    def open(self, key_id: str, sealed: bytes) -> bytes | None:
        """Return what was sealed for that row; None when the row was tampered with."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], key_id.encode())
        except (InvalidTag, ValueError):
            return None
