"""Everything a command needs to talk to one registry, wired together in one place."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from skillpkg.client import registries
from skillpkg.client.addresses import is_folder, origin
from skillpkg.client.build import VERSION
from skillpkg.client.cache import CachedPlane
from skillpkg.client.config import RegistryEntry
from skillpkg.client.credentials import Credentials
from skillpkg.client.files import home, read_if_present
from skillpkg.client.first_contact import meet
from skillpkg.client.readplane import open_plane
from skillpkg.client.registries import Registry
from skillpkg.client.state import DiskState
from skillpkg.client.succession import follow
from skillpkg.client.transport import Transport
from skillpkg.crypto.trust import TrustBundle, open_bundle
from skillpkg.errors import (
    Check,
    NetworkFailure,
    NotAllowed,
    NotFound,
    SkillpkgError,
    VerificationRefused,
)
from skillpkg.install.ports import ReadPlane
from skillpkg.version import Version

T = TypeVar("T")
_BUNDLE_SECONDS = 24 * 3600
_DECIDED_BY_BUNDLE = (
    Check.TIMESTAMP_CHAIN,
    Check.INDEX_CHAIN,
    Check.CHAIN,
    Check.LOG_CHECKPOINT,
)
"""Checks that a newer trust bundle may decide otherwise."""


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
    refresh: bool = False,
    new_transport: Callable[..., Transport] = Transport,
) -> Connection:
    """Open a registry: its pinned root, trust bundle, memory and read plane.

    A pinned registry that was never contacted is met now.

    Args:
        refresh: fetch the trust bundle even when the one on disk is not a day old.

    Raises:
        VerificationRefused: root-pin, trust-bundle, trust-rollback.
        SkillpkgError: the registry asks for a newer client.
    """
    entry = registry.entry or _meet_pinned(registry, new_transport())
    state = DiskState(registries.folder(entry.registry_id))
    bundle = _stored_bundle(entry, state)
    if bundle is None or refresh or _is_old(entry):
        entry, bundle = _refresh(entry, state, bundle, new_transport(), warn)
    _check_client(bundle)
    transport = new_transport(redirect_hosts=frozenset(bundle.redirect_hosts))
    plane = open_plane(entry.read_urls, transport, _token_for(registry.name, entry, warn))
    if all(is_folder(url) for url in entry.read_urls):
        return Connection(registry.name, entry, bundle, state, plane, None)
    cached = CachedPlane(plane, home() / "cache" / entry.registry_id)
    return Connection(registry.name, entry, bundle, state, cached, cached)


def with_registry(
    registry: Registry, warn: Callable[[str], None], work: Callable[[Connection], T]
) -> T:
    """Return what ``work`` makes of a registry.

    When it is refused by what a trust bundle decides, and the registry has a newer one since,
    the work is done again under that one: a root or log key may have been replaced today.

    Raises:
        VerificationRefused: as ``connect`` and ``work``.
    """
    connection = connect(registry, warn)
    try:
        return work(connection)
    except VerificationRefused as error:
        if error.check not in _DECIDED_BY_BUNDLE:
            raise
        newer = _newer(registry, connection, warn)
        if newer is None:
            raise
    return work(newer)


def _newer(registry: Registry, old: Connection, warn: Callable[[str], None]) -> Connection | None:
    """Return the registry under a newer bundle, None when there is none to be had."""
    try:
        found = connect(registry, warn, refresh=True)
    except SkillpkgError:
        return None
    return found if found.bundle.version > old.bundle.version else None


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
    stored = _stored_bundle(entry, state)
    return _refresh(entry, state, stored, Transport(), warn)[1]


def _meet_pinned(registry: Registry, transport: Transport) -> RegistryEntry:
    found = meet(registry.url, registry.root_fingerprint, None, transport)
    registries.keep(registry.name, found)
    return found.entry


def _stored_bundle(entry: RegistryEntry, state: DiskState) -> TrustBundle | None:
    data = read_if_present(registries.bundle_path(entry.registry_id))
    if data is None:
        return None
    try:
        return open_bundle(data, entry.root_fingerprint, remembered_version=state.bundle_version())
    except VerificationRefused as error:
        if error.check is Check.ROOT_PIN:  # a new root was pinned, and its bundle not yet written
            return None
        raise


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
) -> tuple[RegistryEntry, TrustBundle]:
    """Follow the bundles to the newest; a stored one serves on while nothing can be reached.

    Returns:
        The entry, pinned to the present root, and the bundle.
    """
    plane = open_plane(entry.read_urls, transport, _token_for("", entry, warn))
    try:
        found = follow(
            plane, entry.root_fingerprint, stored, remembered_version=state.bundle_version()
        )
    except (NetworkFailure, NotFound, NotAllowed):
        if stored is None:
            raise
        return entry, stored
    if found is None:
        assert stored is not None  # only a stored bundle can be the newest already
        registries.touch(entry.registry_id)
        return entry, stored
    state.remember_bundle_version(found.bundle.version)
    state.commit()
    if found.former:
        warn(f"The registry's root was replaced; {found.pin} is pinned now, as the old one signed.")
    return registries.keep_trust(entry, found), found.bundle


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
