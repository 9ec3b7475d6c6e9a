"""Identifiers that outlive a URL: registry and CA ids, policy OIDs, log origins, SAN URIs."""

from __future__ import annotations

import hashlib
import re

REGISTRY_SIGNED = "2.25.291948301343365841724123834822979937289.1"
"""Certificate policy of registry-ca and its leaves: the registry vetted and signed."""

PUBLISHER_SIGNED = "2.25.291948301343365841724123834822979937289.2"
"""Certificate policy of publisher-ca and its leaves: a verified publisher signed."""

_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_URI = re.compile(r"urn:skreg:([0-9a-f]{16}):(?:(registry)|publisher:([a-z0-9-]{1,64}))", re.ASCII)


def key_digest(spki_der: bytes) -> str:
    """Return the first 16 hex digits of SHA-256 over a DER SubjectPublicKeyInfo."""
    return hashlib.sha256(spki_der).hexdigest()[:16]


def registry_id(root_spki_der: bytes) -> str:
    """Return the id of a registry, from the SPKI of its first root."""
    return key_digest(root_spki_der)


def ca_id(spki_der: bytes) -> str:
    """Return the id of a CA: its CRL is at ``/crl/{ca_id}.crl``."""
    return key_digest(spki_der)


def crl_path(identifier: str) -> str:
    """Return the read-plane path of a CA's CRL."""
    return f"/crl/{identifier}.crl"


def fingerprint(spki_der: bytes) -> str:
    """Return ``sha256:<64 hex>`` over a DER SubjectPublicKeyInfo: what a root is pinned by."""
    return "sha256:" + hashlib.sha256(spki_der).hexdigest()


def is_registry_id(text: str) -> bool:
    """Tell whether ``text`` has the form of a registry or CA id."""
    return _ID.fullmatch(text) is not None


def is_fingerprint(text: str) -> bool:
    """Tell whether ``text`` has the form that `fingerprint` returns."""
    return _FINGERPRINT.fullmatch(text) is not None


def log_origin(identifier: str, shard: str = "1") -> str:
    """Return the origin of a log shard, which is also the name of its keys."""
    return f"skreg-{identifier}/{shard}"


def registry_uri(identifier: str) -> str:
    """Return the SAN URI of a registry's own signing leaf."""
    return f"urn:skreg:{identifier}:registry"


def publisher_uri(identifier: str, namespace: str) -> str:
    """Return the SAN URI of a publisher's leaf for one namespace."""
    return f"urn:skreg:{identifier}:publisher:{namespace}"


def parse_uri(uri: str) -> tuple[str, str | None]:
    """Return the registry id and, for a publisher, the namespace that a SAN URI names.

    Raises:
        ValueError: the URI is not one of the two forms.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise ValueError(f"not a skreg identity: {uri!r}")
    return match[1], match[3]
