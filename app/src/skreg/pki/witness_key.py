"""The log's Ed25519 key: its line on a checkpoint is what public witnesses take a log by.

It is a software key and outside the signer port on purpose. No client believes it alone: the
line that counts is the ECDSA key's, which is held in hardware.
"""

from __future__ import annotations

import contextlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from skillpkg.crypto import names, note
from skreg.errors import ConfigurationInvalid
from skreg.ports.secrets import NamedSecret


def read_witness_key(secret: NamedSecret) -> Ed25519PrivateKey:
    """Return the key that a secret holds as PKCS#8 PEM.

    Raises:
        ConfigurationInvalid: it holds no such key.
        Missing, Unavailable: from where the secret is kept.
    """
    key: object = None
    # What it held instead is not told: it may be another secret.
    with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load_pem_private_key(secret.read(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationInvalid(
            "The secret holds no Ed25519 key.",
            why=f"LOG_WITNESS_SECRET names {secret.name}, which is not one in PKCS#8 PEM.",
            fix="Make one with: openssl genpkey -algorithm ed25519",
        )
    return key


def witness_vkey(public: bytes, registry_id: str) -> str:
    """Return what a witness's operator is given to take up the log, from the 32 public bytes."""
    return note.vkey_ed25519(names.log_origin(registry_id), public)
