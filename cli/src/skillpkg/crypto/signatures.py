"""ECDSA on P-256 with SHA-256: the only signature algorithm skreg accepts.

OpenSSL re-encodes a signature before it verifies, so BER forms, padded integers, trailing
bytes and r or s outside [1, n-1] fail. The twin (r, n-s) does verify: the bytes of a signature
are never an identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


def load_p256(spki_der: bytes) -> ec.EllipticCurvePublicKey:
    """Read a DER SubjectPublicKeyInfo that holds a point on P-256.

    Raises:
        ValueError: not DER, another algorithm or another curve.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(spki_der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a public key in DER form") from error
    return require_p256(key)


def require_p256(key: object) -> ec.EllipticCurvePublicKey:
    """Return ``key`` when it is a P-256 public key.

    Raises:
        ValueError: another algorithm or another curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the key is not ECDSA on P-256")
    return key


def spki(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of ``key``."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def verify(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether ``signature`` is strict DER ECDSA of ``message`` (hashed here) by ``key``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
