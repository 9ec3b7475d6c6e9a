"""Namespaces nobody may have: folders of the index, parts of our own URLs, names that mislead."""

from __future__ import annotations

from skillpkg.types import look_alike

_PLACES = frozenset(
    {
        "api", "apm", "assets", "auth", "badges", "bins", "crl", "device", "docs", "feeds",
        "healthz", "index", "log", "login", "logout", "mcp", "metrics", "oidc", "openapi",
        "packages", "readyz", "redoc", "registry", "search", "signup", "skills", "static",
        "timestamp", "tokens", "tree", "trust", "v1", "v2", "v3", "well-known",
    }
)  # fmt: skip
"""Folders of ``/index`` and first parts of addresses."""
_MISLEADING = frozenset(
    {
        "abuse", "admin", "administrator", "anonymous", "everyone", "guest", "help", "me",
        "moderator", "nobody", "none", "null", "official", "owner", "postmaster", "root",
        "security", "self", "skillpkg", "skreg", "staff", "support", "sysadmin", "system",
        "team", "undefined", "verified", "webmaster",
    }
)  # fmt: skip
"""Names that would speak for the registry, or for nobody."""
_DEVICES = frozenset({"aux", "con", "nul", "prn"}) | {
    f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)
}
"""Names that Windows keeps for devices: no folder can have them."""

RESERVED_NAMESPACES = _PLACES | _MISLEADING | _DEVICES
_FORMS = frozenset(look_alike(name) for name in RESERVED_NAMESPACES)


def is_reserved(name: str, *, by_operator: bool = False) -> bool:
    """Whether a name is reserved, or looks like one that is.

    ``by_operator``: who speaks for the registry may have a name that says so, such as ``admin``.
    """
    if by_operator:
        return name in _PLACES | _DEVICES
    return name in RESERVED_NAMESPACES or look_alike(name) in _FORMS
