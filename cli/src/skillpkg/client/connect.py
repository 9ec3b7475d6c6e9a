"""Everything a command needs to talk to one registry, wired together in one place."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from skillpkg.client import registries
from skillpkg.client.addresses import is_folder, origin
from skillpkg.client.build import VERSION
from skillpkg.client.cache import CachedPlane
from skillpkg.client.config import RegistryEntry
from skillpkg.client.credentials import Credentials
from skillpkg.client.files import home, read_if_present, write_atomically
from skillpkg.client.first_contact import meet
from skillpkg.client.readplane import open_plane
from skillpkg.client.registries import Registry
from skillpkg.client.state import DiskState
from skillpkg.client.transport import Transport
from skillpkg.crypto.trust import MAX_BUNDLE, TrustBundle, open_bundle
from skillpkg.errors import NetworkFailure, NotAllowed, NotFound, SkillpkgError
from skillpkg.install.ports import ReadPlane
from skillpkg.version import Version

_BUNDLE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Connection:
    """One registry, ready to read from.

    Attributes:
        cache: the same plane as ``plane`` when objects are kept on disk; None for a folder.
    """

    name: str
    entry: RegistryEntry
    bundle: TrustBundle
    state: DiskState
    plane: ReadPlane
    cache: CachedPlane | None


def connect(
    registry: Registry,
    warn: Callable[[str], None],
    *,
    new_transport: Callable[..., Transport] = Transport,
) -> Connection:
    """Open a registry: its pinned root, trust bundle, memory and read plane.

    A pinned registry that was never contacted is met now.

    Raises:
        VerificationRefused: root-pin, trust-bundle, trust-rollback.
        SkillpkgError: the registry asks for a newer client.
    """
    entry = registry.entry or _meet_pinned(registry, new_transport())
    state = DiskState(registries.folder(entry.registry_id))
    bundle = _stored_bundle(entry, state)
    if bundle is None or _is_old(entry):
        bundle = _refresh(entry, state, bundle, new_transport(), warn)
    _check_client(bundle)
    transport = new_transport(redirect_hosts=frozenset(bundle.redirect_hosts))
    plane = open_plane(entry.read_urls, transport, _token_for(registry.name, entry, warn))
    if all(is_folder(url) for url in entry.read_urls):
        return Connection(registry.name, entry, bundle, state, plane, None)
    cached = CachedPlane(plane, home() / "cache" / entry.registry_id)
    return Connection(registry.name, entry, bundle, state, cached, cached)


def stored_bundle(entry: RegistryEntry) -> TrustBundle | None:
    """Return the bundle kept on disk, checked against the pinned root; nothing is fetched.

    Raises:
        VerificationRefused: root-pin, trust-bundle, trust-rollback.
    """
    return _stored_bundle(entry, DiskState(registries.folder(entry.registry_id)))


def refresh_bundle(registry: Registry, warn: Callable[[str], None]) -> TrustBundle:
    """Fetch the trust bundle now and keep it when it is newer."""
    entry = registry.entry or _meet_pinned(registry, Transport())
    state = DiskState(registries.folder(entry.registry_id))
    return _refresh(entry, state, None, Transport(), warn)


def _meet_pinned(registry: Registry, transport: Transport) -> RegistryEntry:
    found = meet(registry.url, registry.root_fingerprint, None, transport)
    registries.keep(registry.name, found)
    return found.entry


def _stored_bundle(entry: RegistryEntry, state: DiskState) -> TrustBundle | None:
    data = read_if_present(registries.bundle_path(entry.registry_id))
    if data is None:
        return None
    return open_bundle(data, entry.root_fingerprint, remembered_version=state.bundle_version())


def _is_old(entry: RegistryEntry) -> bool:
    try:
        age = time.time() - registries.bundle_path(entry.registry_id).stat().st_mtime
    except FileNotFoundError:
        return True
    return not 0 <= age < _BUNDLE_SECONDS


def _refresh(
    entry: RegistryEntry,
    state: DiskState,
    stored: TrustBundle | None,
    transport: Transport,
    warn: Callable[[str], None],
) -> TrustBundle:
    """Fetch the newest bundle; a stored one serves on while the registry cannot be reached."""
    plane = open_plane(entry.read_urls, transport, _token_for("", entry, warn))
    try:
        data = plane.get("/trust/latest.json", max_size=MAX_BUNDLE, immutable=False)
    except (NetworkFailure, NotFound, NotAllowed):
        if stored is None:
            raise
        return stored
    fetched = open_bundle(data, entry.root_fingerprint, remembered_version=state.bundle_version())
    state.remember_bundle_version(fetched.version)
    state.commit()
    write_atomically(registries.bundle_path(entry.registry_id), data)
    return fetched


def _token_for(
    name: str, entry: RegistryEntry, warn: Callable[[str], None]
) -> Callable[[str], str | None]:
    """Return a door to the token that opens only for the registry's own addresses."""
    homes = {origin(url) for url in (entry.url, entry.api_url) if url and not is_folder(url)}

    def find(url: str) -> str | None:
        if origin(url) not in homes:
            return None
        login = Credentials(warn=warn).find(name, entry.registry_id, entry.api_url or entry.url)
        return login.token if login else None

    return find


def _check_client(bundle: TrustBundle) -> None:
    with contextlib.suppress(ValueError, SkillpkgError):
        if Version.parse(bundle.minimum_client) <= Version.parse(VERSION):
            return
    if bundle.minimum_client in ("", "0"):
        return
    raise SkillpkgError(
        f"This registry asks for skillpkg {bundle.minimum_client[:40]!a} or newer.",
        why=f"This is {VERSION}.",
        fix="Update skillpkg.",
    )
