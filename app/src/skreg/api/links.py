"""Where the read plane has a version's objects."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skreg.db.queries.catalogue import VersionFacts
from skreg.settings import ApiSettings


def archive(settings: ApiSettings, version: VersionFacts, suffix: str = "skill") -> str:
    """Return the URL of the archive, or of the ``sig`` or ``release`` beside it."""
    path = f"/packages/{version.namespace}/{version.name}/{quote(version.version)}/"
    base = settings.cdn_base_url or settings.public_url
    return f"{base}{path}{version.sha256}.{suffix}"


def chain_pem(chain: Sequence[bytes]) -> str:
    """Return DER certificates as PEM, in their order."""
    return "".join(
        x509.load_der_x509_certificate(item).public_bytes(Encoding.PEM).decode() for item in chain
    )
