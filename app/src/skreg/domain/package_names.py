"""Package names that nobody may take anew."""

from __future__ import annotations

from skillpkg.types import look_alike

_DEVICES = frozenset({"aux", "con", "nul", "prn"}) | {
    f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)
}
"""Names that Windows keeps for devices: an install could not make their folder."""
_MISLEADING = frozenset({"skillpkg", "skreg", "well-known"})
"""Names of the tools themselves, and a folder that agents look into."""

RESERVED_PACKAGES = _DEVICES | _MISLEADING
_FORMS = frozenset(look_alike(name) for name in _MISLEADING)


def is_reserved_package(name: str) -> bool:
    """Whether a package's name is reserved, or looks like one of the tools' own."""
    return name in RESERVED_PACKAGES or look_alike(name) in _FORMS
