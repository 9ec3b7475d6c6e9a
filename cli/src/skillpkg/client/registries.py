"""The registries this machine knows: from ``config.toml``, the administrator's pins, the build."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.client import config
from skillpkg.client.addresses import is_loopback, normalise
from skillpkg.client.config import RegistryEntry
from skillpkg.client.files import home, write_atomically
from skillpkg.client.pins import Pin, check_against_pins, load_pins
from skillpkg.errors import Check, NotFound, UsageError, VerificationRefused

if TYPE_CHECKING:
    from skillpkg.client.first_contact import Confirm, Introduction
    from skillpkg.client.succession import Trusted

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry under the name that people here use for it.

    Attributes:
        entry: None while a pinned registry has not been contacted yet.
        pin: what pins it beyond the user's own configuration, if anything does.
    """

    name: str
    url: str
    root_fingerprint: str
    entry: RegistryEntry | None
    pin: Pin | None = None
    is_default: bool = False


def known() -> list[Registry]:
    """Return every registry, the default one marked.

    Raises:
        VerificationRefused: root-pin, the configuration contradicts a pin.
    """
    settings, pins = config.load(), load_pins()
    for name, entry in settings.registries.items():
        check_against_pins(name, entry.url, entry.every_root, pins)
    names = [*settings.registries, *(name for name in pins if name not in settings.registries)]
    default = settings.default_registry or next(iter(pins), None) or next(iter(names), None)
    return [_registry(name, settings, pins.get(name), name == default) for name in names]


def _registry(name: str, settings: config.Config, pin: Pin | None, is_default: bool) -> Registry:
    entry = settings.registries.get(name)
    if entry is not None:
        return Registry(name, entry.url, entry.root_fingerprint, entry, pin, is_default)
    if pin is None:
        raise KeyError(name)
    return Registry(name, pin.url, pin.root_fingerprint, None, pin, is_default)


def choose(wanted: str | None) -> Registry:
    """Return the registry called ``wanted``, at the address ``wanted``, or the default one.

    Raises:
        NotFound: no registry is known, or none of that name.
        VerificationRefused: root-pin, an address whose root was never pinned.
    """
    registries = known()
    if wanted is not None and ("://" in wanted or "/" in wanted):
        return _at(normalise(wanted), registries)
    for registry in registries:
        if registry.name == wanted or (wanted is None and registry.is_default):
            return registry
    if wanted is None:
        raise NotFound(
            "No registry is set up.",
            fix="Type: skillpkg registry add NAME URL --root-fingerprint sha256:…",
        )
    names = ", ".join(registry.name for registry in registries) or "none"
    raise NotFound(
        f"No registry is called {wanted[:80]!a}.",
        why=f"Known: {names}",
        fix="See: skillpkg registry list",
    )


def _at(url: str, registries: list[Registry]) -> Registry:
    for registry in registries:
        if registry.url == url:
            return registry
    raise VerificationRefused(
        Check.ROOT_PIN,
        f"No root is pinned for {url}.",
        why="Nothing says which keys may speak for that address.",
        fix=f"Type: skillpkg registry add NAME {url} --root-fingerprint sha256:…",
    )


def add(
    name: str,
    address: str,
    fingerprint: str | None,
    confirm: Confirm | None,
) -> Introduction:
    """Meet a registry, pin its root and keep it under ``name``.

    Raises:
        UsageError: the name or address cannot be used.
        VerificationRefused: root-pin, trust-bundle.
    """
    from skillpkg.client.first_contact import meet, require_fingerprint
    from skillpkg.client.transport import Transport

    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!a} cannot name a registry.",
            why="Names are lowercase letters, digits and hyphens, at most 32.",
        )
    _require_place(address)
    url, pins = normalise(address), load_pins()
    if fingerprint is None:
        fingerprint = next(
            (p.root_fingerprint for p in pins.values() if (p.name, p.url) == (name, url)), None
        )
    else:
        fingerprint = require_fingerprint(fingerprint)
    found = meet(url, fingerprint, confirm, Transport())
    check_against_pins(name, url, found.entry.every_root, pins)
    _check_against_others(name, found.entry)
    keep(name, found)
    return found


def _require_place(address: str) -> None:
    """Refuse ``localhost:8470``: without a scheme it would name a folder that is not there."""
    if "://" in address or Path(address).expanduser().is_dir():
        return
    host = address.partition("/")[0].partition(":")[0]
    scheme = "http" if is_loopback(host) else "https"
    raise UsageError(
        f"{address[:200]!a} is neither an address nor a folder.",
        fix=f"Write {scheme}://{address[:200]}, or give a folder that is there.",
    )


def _check_against_others(name: str, entry: RegistryEntry) -> None:
    """Refuse another root under a name, or for a registry id, that is pinned already."""
    for other, kept in config.load().registries.items():
        same = other == name or kept.registry_id == entry.registry_id
        if same and kept.root_fingerprint != entry.root_fingerprint:
            raise VerificationRefused(
                Check.ROOT_PIN,
                f"The registry {other!r} is pinned to another root.",
                why=f"pinned: {kept.root_fingerprint}, given: {entry.root_fingerprint}",
                fix="If its operators announced a new root, type:\n"
                f"  skillpkg registry remove {other}\nand add it again.",
            )


def keep(name: str, found: Introduction) -> None:
    """Write a registry's entry and its trust bundle."""
    write_atomically(bundle_path(found.entry.registry_id), found.bundle_data)
    config.change(lambda old: config.with_registry(old, name, found.entry))


def keep_trust(entry: RegistryEntry, found: Trusted) -> RegistryEntry:
    """Write a newer bundle, and pin the root it was followed to; returns the entry since."""
    new = replace(
        entry, root_fingerprint=found.pin, former_roots=(*entry.former_roots, *found.former)
    )
    if new != entry:
        config.change(lambda old: _repinned(old, entry, new))
    write_atomically(bundle_path(entry.registry_id), found.data)
    return new


def touch(registry_id: str) -> None:
    """Note that the bundle on disk was found to be the newest now."""
    os.utime(bundle_path(registry_id))


def _repinned(old: config.Config, entry: RegistryEntry, new: RegistryEntry) -> config.Config:
    """Pin the new root under every name that this registry has here."""
    changed = {
        name: replace(kept, root_fingerprint=new.root_fingerprint, former_roots=new.former_roots)
        for name, kept in old.registries.items()
        if (kept.registry_id, kept.root_fingerprint) == (entry.registry_id, entry.root_fingerprint)
    }
    return replace(old, registries={**old.registries, **changed})


def remove(name: str) -> None:
    """Forget a registry; what it has shown before stays, so adding it again forgets no rollback.

    Raises:
        NotFound: no such registry.  UsageError: it is pinned from outside.
    """
    settings = config.load()
    if name in settings.registries:
        config.change(lambda old: config.with_registry(old, name, None))
        return
    pin = load_pins().get(name)
    if pin is not None:
        raise UsageError(f"{name!r} is pinned by {pin.source} and cannot be removed here.")
    raise NotFound(f"No registry is called {name[:80]!a}.", fix="See: skillpkg registry list")


def folder(registry_id: str) -> Path:
    """Return the folder that remembers a registry."""
    return home() / "registries" / registry_id


def bundle_path(registry_id: str) -> Path:
    """Return the path of a registry's trust bundle."""
    return folder(registry_id) / "trust.json"
