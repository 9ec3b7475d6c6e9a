"""Issues leaves: the registry's own, and those of publishers from their requests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names
from skreg.pki.keys import PkiKeys
from skreg.pki.profiles import LEAF_LIFETIME, Issuer, leaf_certificate, requested_key
from skreg.pki.state import Authority, PkiState, der


def registry_leaf(
    registry_id: str, registry_ca: Authority, keys: PkiKeys, now: datetime
) -> x509.Certificate:
    """Return a new 90-day leaf for the registry's signing key."""
    return leaf_certificate(
        Issuer(registry_ca.certificate, keys.for_authority(registry_ca)),
        keys.signing.public_key(),
        f"skreg {registry_id} signing",
        names.registry_uri(registry_id),
        now,
    )


def with_leaf(state: PkiState, leaf: x509.Certificate, now: datetime) -> PkiState:
    """Return the state with a new signing leaf; those before it stay until they expire."""
    kept = (item for item in state.former_leaves if item.not_valid_after_utc > now)
    return replace(state, leaf=leaf, former_leaves=(*kept, state.leaf))


def publisher_leaf(
    state: PkiState,
    keys: PkiKeys,
    request: bytes,
    namespace: str,
    now: datetime,
    *,
    domains: Sequence[str] = (),
    lifetime: timedelta = LEAF_LIFETIME,
) -> tuple[x509.Certificate, JsonObject]:
    """Return a publisher's leaf and the body of its log entry.

    Args:
        request: the publisher's CSR, PEM or DER; only its key is taken over.
        namespace: the one namespace that the leaf may sign packages of.
        domains: domains that the publisher has shown to be its own.
        lifetime: at most 460 days.

    Raises:
        Unprocessable: the request or the lifetime is refused.
    """
    leaf = leaf_certificate(
        Issuer(state.publisher_ca.certificate, keys.for_authority(state.publisher_ca)),
        requested_key(request),
        f"skreg publisher {namespace}"[:64],
        names.publisher_uri(state.registry_id, namespace),
        now,
        dns_names=domains,
        lifetime=lifetime,
    )
    return leaf, issued_entry(state.publisher_ca, leaf)


def issued_entry(issuer: Authority, certificate: x509.Certificate) -> JsonObject:
    """Return the body of the log entry that makes an issued certificate visible."""
    return {
        "type": "cert-issued",
        "ca": issuer.ca_id,
        "sha256": hashlib.sha256(der(certificate)).hexdigest(),
        "serial": f"{certificate.serial_number:x}",
    }
