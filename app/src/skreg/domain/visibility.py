"""What a private registry shows to whom, told by the path alone (docs/adr/0020)."""

from __future__ import annotations

import re
from enum import StrEnum

_OPEN = frozenset({"/healthz", "/readyz", "/v1/tokens/leaked"})
_DOORS = ("/v1/auth/", "/v1/oidc/", "/v1/device/", "/device")
"""Ways to get a credential, which nobody can have before."""
_CATALOGUE = re.compile(
    r"/v1/(?:packages|download|search|tags|categories|changes|feed\.atom|advisories)(?:/|\Z)"
)
_PACKAGE = re.compile(r"/v1/(?:packages|download)/([^/]+)/([^/]+)(?:/|\Z)")
_OBJECT = re.compile(r"(?:index|packages)/([^/]+)/([^/]+?)(?:\.json\Z|/)")
_INDEX_PARTS = ("index/tree/", "index/bins/")


class Reach(StrEnum):
    """Who may read an object of the read plane."""

    EVERYBODY = "everybody"
    """Roots and addresses: what a client needs before it can have a token."""
    READERS = "readers"
    """Everybody with a token: hashes, and the names of packages."""
    STAFF = "staff"
    """The log's entries, which tell what was published when, of every package."""
    PACKAGE = "package"
    """Readers of one package."""


def is_open(path: str) -> bool:
    """Whether the API's path is answered without a credential."""
    return path in _OPEN or path.startswith(_DOORS)


def needs_read(method: str, path: str) -> bool:
    """Whether a token must carry ``read`` for this; whoever publishes may ask how far it is."""
    is_reading = method in ("GET", "HEAD") and not path.endswith("/status")
    return is_reading and _CATALOGUE.match(path) is not None


def package_in(path: str) -> tuple[str, str] | None:
    """Return namespace and name of the package that an API path is about."""
    found = _PACKAGE.match(path)
    return (found[1], found[2]) if found else None


def reach_of(key: str) -> Reach:
    """Return who may read the object of a key."""
    if key == ".well-known/skreg.json" or key.startswith("trust/"):
        return Reach.EVERYBODY
    if key.startswith("log/tile/entries/"):
        return Reach.STAFF
    if object_package(key) is not None:
        return Reach.PACKAGE
    return Reach.READERS


def object_package(key: str) -> tuple[str, str] | None:
    """Return namespace and name of the package that an object of the read plane belongs to."""
    if key.startswith(_INDEX_PARTS):
        return None
    found = _OBJECT.match(key)
    return (found[1], found[2]) if found else None
