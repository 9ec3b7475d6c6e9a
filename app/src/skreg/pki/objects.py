"""The PKI's part of the read plane: which objects a state publishes, and putting them there."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.crypto import names
from skreg.pki.state import PkiState
from skreg.ports.blobs import BlobHeaders, BlobStore
from skreg.publish.headers import headers_for


@dataclass(frozen=True, slots=True)
class StaticObject:
    """One object of the read plane; an immutable one is written once and never again."""

    key: str
    data: bytes
    immutable: bool = False

    @property
    def headers(self) -> BlobHeaders:
        """The headers that every object of its path has."""
        return headers_for(self.key)


def static_objects(state: PkiState) -> tuple[StaticObject, ...]:
    """Return what the state publishes: CRLs first, the newest trust bundle's name last."""
    crls = tuple(
        StaticObject(names.crl_path(authority.ca_id).removeprefix("/"), authority.crl)
        for authority in state.every_authority
        if authority.crl
    )
    bundles = (*state.former_bundles, state.bundle)
    first = state.bundle_version - len(state.former_bundles)
    numbered = tuple(
        StaticObject(f"trust/{number}.json", data, immutable=True)
        for number, data in enumerate(bundles, first)
    )
    return (*crls, *numbered, StaticObject("trust/latest.json", state.bundle))


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
