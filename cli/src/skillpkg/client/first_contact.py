"""The first meeting with a registry: its root is pinned, by a given fingerprint or by a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from skillpkg.client.addresses import is_folder, normalise
from skillpkg.client.config import RegistryEntry
from skillpkg.client.readplane import open_plane
from skillpkg.client.succession import Trusted, follow
from skillpkg.client.transport import Transport
from skillpkg.crypto.names import is_fingerprint
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, NetworkFailure, NotFound, UsageError, VerificationRefused
from skillpkg.install.ports import ReadPlane

Confirm: TypeAlias = Callable[[str, str, str], bool]
_WELL_KNOWN = "/.well-known/skreg.json"
_MAX_WELL_KNOWN = 64 * 1024


@dataclass(frozen=True, slots=True)
class Introduction:
    """A registry whose root has been agreed on; ``bundle_data`` is its bundle as signed."""

    entry: RegistryEntry
    bundle: TrustBundle
    bundle_data: bytes


def meet(
    url: str, fingerprint: str | None, confirm: Confirm | None, transport: Transport
) -> Introduction:
    """Fetch a registry's description and trust bundle, and agree on its root.

    Args:
        url: as `normalise` returned it.
        fingerprint: the root that must have signed the bundle, when it is known.
        confirm: asks a person about (url, registry id, fingerprint); None when there is nobody.

    Raises:
        VerificationRefused: root-pin, the root is another or nobody agreed to it; trust-bundle.
    """
    known = _read_well_known(url, transport)
    urls = _read_urls(url, known)
    pinned = require_fingerprint(fingerprint or _offered(url, known))
    found = _follow(url, open_plane(urls, transport, lambda _: None), pinned)
    bundle = found.bundle
    if fingerprint is None:
        _agree(url, bundle.registry_id, pinned, confirm)
    api = None if is_folder(url) else _usable(url, str(known.get("api_url") or url))
    entry = RegistryEntry(url, bundle.registry_id, found.pin, urls, api, found.former)
    return Introduction(entry, bundle, found.data)


def _follow(url: str, plane: ReadPlane, pinned: str) -> Trusted:
    try:
        found = follow(plane, pinned, None)
    except NotFound as error:
        raise NotFound(
            f"{url} is no registry.",
            why=f"It has no trust bundle. {error.why}",
            fix="Check the address; a folder must hold a copy of a registry's files.",
        ) from error
    assert found is not None  # without a stored bundle there is always a newer one
    return found


def require_fingerprint(text: str) -> str:
    """Return a root fingerprint in its one form.

    Raises:
        UsageError: not ``sha256:`` and 64 hexadecimal digits.
    """
    lowered = text.strip().lower()
    if not is_fingerprint(lowered):
        raise UsageError(
            f"{text[:100]!a} is not a root fingerprint.",
            why="It is sha256: and 64 hexadecimal digits.",
            fix="Ask the registry's operators for it (skreg pki status prints it).",
        )
    return lowered


def _read_well_known(url: str, transport: Transport) -> dict[str, object]:
    plane = open_plane([url], transport, lambda _: None)
    try:
        data = plane.get(_WELL_KNOWN, max_size=_MAX_WELL_KNOWN, immutable=False)
        document = json.loads(data)
    except NotFound:
        document = {}
    except ValueError as error:
        raise NetworkFailure(
            f"{url} does not answer like a registry.",
            why=f"{_WELL_KNOWN} is not JSON.",
            fix="Check the address.",
        ) from error
    return document if isinstance(document, dict) else {}


def _read_urls(url: str, known: dict[str, object]) -> tuple[str, ...]:
    """Return where to read: what the registry names, then its own address, which serves all."""
    named = known.get("read_urls")
    if is_folder(url) or not isinstance(named, list):
        return (url,)
    return tuple(dict.fromkeys([*(_usable(url, str(one)) for one in named[:8]), url]))


def _usable(url: str, named: str) -> str:
    """Refuse an address that a registry may not send its users to."""
    wanted = ("https://",) if url.startswith("https://") else ("https://", "http://")
    try:
        usable = named.startswith(wanted) and normalise(named)
    except UsageError:
        usable = False
    if not usable:
        raise NetworkFailure(
            "The registry names an address that cannot be used.",
            why=f"{named[:200]!a} in {_WELL_KNOWN}",
            fix="Tell its operators.",
        )
    return usable


def _offered(url: str, known: dict[str, object]) -> str:
    offered = known.get("root_fingerprints")
    if isinstance(offered, list) and offered and is_fingerprint(str(offered[0])):
        return str(offered[0])
    raise _unpinned(url, "It names no root itself, so there is none to ask you about.")


def _agree(url: str, registry_id: str, fingerprint: str, confirm: Confirm | None) -> None:
    if confirm is None:
        raise _unpinned(url, "Nobody is here to be asked whether its root is the right one.")
    if not confirm(url, registry_id, fingerprint):
        raise _unpinned(url, "You did not agree to it.")


def _unpinned(url: str, why: str) -> VerificationRefused:
    return VerificationRefused(
        Check.ROOT_PIN,
        f"No root is pinned for {url}.",
        why=why,
        fix="Get the fingerprint from its operators and type:\n"
        f"  skillpkg registry add NAME {url} --root-fingerprint sha256:…",
    )
