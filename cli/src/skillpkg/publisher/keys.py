"""A publisher's private key in a PEM file: made, read, and used to sign.

A key inside a token or HSM stays there: whatever program signs with it writes the same DER
signature and the same certificate request, which ``publish`` and ``cert request`` take as files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.errors import NotFound, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_MAKE = "Make one: skillpkg cert request NAMESPACE --key FILE"


def read_key(path: Path, passphrase: Callable[[], str]) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key in a PEM file.

    Args:
        passphrase: asked only when the key is encrypted.

    Raises:
        NotFound: there is no such file.
        UsageError: it is no private key, another kind of key, or the passphrase is wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no key at {path}.", fix=_MAKE) from error
    try:
        secret = passphrase().encode() if _is_encrypted(pem) else None
        key = load_pem_private_key(pem, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(path, str(error)) from error
    return _require_p256(key, path)


def make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key, kept in a PEM file that nobody else may read.

    Raises:
        UsageError: the file exists.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} exists.", fix="A key is never overwritten.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)
    return key


def request_for(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a PKCS #10 request in PEM that shows possession of a key; it names nobody."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Return the DER ECDSA signature over SHA-256 of ``data``, as ``openssl dgst`` makes it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _is_encrypted(pem: bytes) -> bool:
    return b"ENCRYPTED" in pem


def _require_p256(key: object, path: Path) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable(path, "It is not an ECDSA key on P-256.")
    return key


def _unusable(path: Path, why: str) -> UsageError:
    return UsageError(f"The key in {path} cannot be used.", why=why, fix=_MAKE)
