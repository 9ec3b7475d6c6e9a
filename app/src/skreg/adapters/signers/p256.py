"""Reads the public keys that backends answer with: ECDSA P-256 or refused."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from skreg.errors import KeyMismatch


def load_p256(data: bytes, key_ref: str) -> ec.EllipticCurvePublicKey:
    """Return a PEM or DER public key.

    Raises:
        KeyMismatch: it cannot be read, or is not on P-256.
    """
    load = load_pem_public_key if data.startswith(b"-----BEGIN") else load_der_public_key
    try:
        key: object = load(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise KeyMismatch(
            "The signing backend's public key is not ECDSA P-256.",
            why=f"{key_ref} answered with {type(key).__name__}.",
            fix="Create a P-256 signing key and point the URI at it.",
        )
    return key
