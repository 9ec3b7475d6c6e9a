"""Roots that were pinned before the user came: by an administrator, or by the build.

Each file of the administrator's folder holds ``name``, ``url`` and ``root_fingerprint``. A pin
wins over the user's configuration: what contradicts one is refused, never used.
"""

from __future__ import annotations

import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from skillpkg.client import build
from skillpkg.client.addresses import normalise
from skillpkg.errors import Check, UsageError, VerificationRefused


@dataclass(frozen=True, slots=True)
class Pin:
    """A registry whose root is known beforehand; ``source`` says by whom."""

    name: str
    url: str
    root_fingerprint: str
    source: str


def load_pins() -> dict[str, Pin]:
    """Return the pins by registry name; the administrator's win over the build's.

    Raises:
        UsageError: a pin file cannot be read, or everybody may write it.
    """
    pins: dict[str, Pin] = {}
    if build.BUILT_IN_REGISTRY is not None:
        name, url, fingerprint = build.BUILT_IN_REGISTRY
        pins[name] = Pin(name, url, fingerprint, "this build of skillpkg")
    folder = Path(build.ADMINISTRATOR_PINS)
    if folder.is_dir():
        for path in sorted(folder.glob("*.toml")):
            pin = _read(path)
            pins[pin.name] = pin
    return pins


def _read(path: Path) -> Pin:
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            raise PermissionError("everybody may write it")
        table = tomllib.loads(path.read_text("utf-8"))
        name, url, fingerprint = (table[key] for key in ("name", "url", "root_fingerprint"))
        return Pin(str(name), normalise(str(url)), str(fingerprint).lower(), str(path))
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"The administrator's pin {path} cannot be used.",
            why=repr(error),
            fix="Ask the administrator to mend it: name, url and root_fingerprint are needed.",
        ) from error


def check_against_pins(name: str, url: str, roots: tuple[str, ...], pins: dict[str, Pin]) -> None:
    """Refuse a registry that bears a pinned name or address with another root.

    Args:
        roots: fingerprints of its present root, then of those it succeeded here: a pin of one of
            them holds, because each signed for the next.

    Raises:
        VerificationRefused: check ``root-pin``.
    """
    for pin in pins.values():
        if name != pin.name and url != pin.url:
            continue
        if pin.root_fingerprint not in roots or url != pin.url:
            raise VerificationRefused(
                Check.ROOT_PIN,
                f"The registry {name!r} contradicts a pin of this machine.",
                why=f"{pin.source} pins {pin.name!r} to {pin.url} with root "
                f"{pin.root_fingerprint}; given: {url} with {roots[0]}",
                fix=f"Type: skillpkg registry remove {name}",
            )
