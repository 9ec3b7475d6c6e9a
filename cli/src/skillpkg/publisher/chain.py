"""A publisher's certificate chain in a PEM file, held to a signature before it is uploaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.errors import NotFound, UsageError

if TYPE_CHECKING:
    from cryptography import x509

_GET = "Get it again: skillpkg cert show NAMESPACE ID -o FILE"


def read_chain(path: Path) -> bytes:
    """Return a chain file's PEM: leaf, then its CA.

    Raises:
        NotFound: there is no such file.
        UsageError: it holds something else.
    """
    from cryptography import x509

    try:
        pem = path.read_bytes()
        found = x509.load_pem_x509_certificates(pem)
    except FileNotFoundError as error:
        raise NotFound(f"There is no certificate chain at {path}.", fix=_GET) from error
    except ValueError as error:
        raise _unusable(path, "It is not PEM with certificates.") from error
    if len(found) != 2:
        raise _unusable(path, f"It has {len(found)} certificates, not the leaf and its CA.")
    return pem


def read_signature(path: Path) -> bytes:
    """Return a detached signature's bytes; NotFound when there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        fix = "Make one: skillpkg sign FILE --key KEY"
        raise NotFound(f"There is no signature at {path}.", fix=fix) from error


def require_signed(chain: bytes, signature: bytes, archive: bytes, namespace: str) -> None:
    """Hold a signature to the archive, and the leaf to the archive's namespace.

    Clients and registry verify the whole chain; this only tells a mistake before the upload.

    Raises:
        UsageError: the leaf's key did not sign these bytes, or is for another namespace.
    """
    from skillpkg.crypto import profile, signatures

    leaf = _leaf(chain)
    named = _namespaces(leaf)
    if named != [namespace]:
        raise UsageError(
            f"The certificate may not sign packages of {namespace}.",
            why=f"It is for {', '.join(named) or 'no namespace'}.",
            fix=f"Use one of: skillpkg cert list {namespace}",
        )
    if not signatures.verify(profile.p256(leaf), signature, archive):
        raise UsageError(
            "The signature is not by the certificate's key over this archive.",
            why="Another key signed, or the archive was packed again after it was signed.",
            fix="Sign the very file that is published: skillpkg sign FILE --key KEY",
        )


def _leaf(chain: bytes) -> x509.Certificate:
    from cryptography import x509

    return x509.load_pem_x509_certificates(chain)[0]


def _namespaces(leaf: x509.Certificate) -> list[str]:
    """Return the publisher namespaces that a leaf's identities name."""
    from cryptography import x509

    from skillpkg.crypto import names, profile

    found = profile.extension(leaf, x509.SubjectAlternativeName)
    uris = found.value.get_values_for_type(x509.UniformResourceIdentifier) if found else []
    try:
        return [namespace or "the registry itself" for _, namespace in map(names.parse_uri, uris)]
    except ValueError:
        return []


def _unusable(path: Path, why: str) -> UsageError:
    return UsageError(f"The certificate chain in {path} cannot be used.", why=why, fix=_GET)
