"""The PKI's part of the read plane: which objects a state publishes, and putting them there."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.crypto import names
from skreg.pki.state import PkiState
from skreg.ports.blobs import BlobHeaders, BlobStore

SECONDS = "public, max-age=30"
IMMUTABLE = "public, max-age=31536000, immutable"
CRL_TYPE = "application/pkix-crl"
BUNDLE_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class StaticObject:
    """One object of the read plane; an immutable one is written once and never again."""

    key: str
    data: bytes
    headers: BlobHeaders
    immutable: bool = False


def static_objects(state: PkiState) -> tuple[StaticObject, ...]:
    """Return what the state publishes: CRLs first, the newest trust bundle's name last."""
    crls = tuple(
        StaticObject(
            names.crl_path(authority.ca_id).removeprefix("/"),
            authority.crl,
            BlobHeaders(CRL_TYPE, SECONDS),
        )
        for authority in state.authorities
        if authority.crl
    )
    numbered = StaticObject(
        f"trust/{state.bundle_version}.json",
        state.bundle,
        BlobHeaders(BUNDLE_TYPE, IMMUTABLE),
        immutable=True,
    )
    latest = StaticObject("trust/latest.json", state.bundle, BlobHeaders(BUNDLE_TYPE, SECONDS))
    return (*crls, numbered, latest)


async def publish_objects(state: PkiState, store: BlobStore) -> None:
    """Write what the state publishes; the same again changes nothing.

    Raises:
        StorageUnavailable: the store does not answer; run it again.
    """
    for item in static_objects(state):
        if item.immutable:
            await store.put_if_absent(item.key, item.data, item.headers)
        else:
            await store.put(item.key, item.data, item.headers)
