"""Which addresses the client talks to: https, http on this machine alone, or a folder."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from skillpkg.errors import NetworkFailure, UsageError

_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PART = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*|\.well-known")


def normalise(text: str) -> str:
    """Return the address of a registry as it is kept: no final slash, a folder as ``file://``.

    Raises:
        UsageError: another scheme, http to another machine, a user name, a query or a fragment.
    """
    if not _HAS_SCHEME.match(text):
        return Path(text).expanduser().absolute().as_uri()
    wrong = _fault(text)
    if wrong or "?" in text or "#" in text:
        raise UsageError(
            f"{text[:200]!a} cannot be a registry's address.",
            why=wrong or "It has a query or a fragment.",
            fix="Give an https:// address or a folder.",
        )
    return text.rstrip("/")


def _fault(url: str) -> str:
    if not url.isprintable() or " " in url:
        return "It holds a space or a control character."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"It cannot be read: {error}."
    if parts.scheme == "file":
        return "" if parts.netloc == "" else "A file:// address has no host."
    if not host or "@" in parts.netloc:
        return "An address has a host and no user name."
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return ""
    return "Only https is spoken, and http with this machine (localhost)."


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this machine by its very name or number; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_folder(url: str) -> bool:
    """Say whether ``url`` is a folder rather than a server."""
    return url.startswith("file://")


def folder_of(url: str) -> Path:
    """Return the folder that a ``file://`` address names."""
    return Path(unquote(urlsplit(url).path))


def require_speakable(url: str) -> None:
    """Refuse an address the client must not talk to.

    Raises:
        NetworkFailure: not https and not http on this machine.
    """
    wrong = "It is a folder." if is_folder(url) else _fault(url)
    if wrong:
        raise NetworkFailure(f"{url[:200]!a} is not an address to talk to.", why=wrong)


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what a token belongs to."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def path_parts(path: str) -> tuple[str, ...]:
    """Cut a read-plane path (``/index/timestamp``) into parts that are safe in a folder and a URL.

    Raises:
        NetworkFailure: a part is empty, begins with a dot or holds another character.
    """
    parts = tuple(path.removeprefix("/").split("/"))
    if not path.startswith("/") or not all(_PART.fullmatch(part) for part in parts):
        raise NetworkFailure(f"{path[:200]!a} is not a path of the read plane.")
    return parts


def join(base: str, path: str) -> str:
    """Return the URL of a read-plane path; ``+`` is escaped: some stores read it as space."""
    return f"{base}/" + "/".join(quote(part, safe="") for part in path_parts(path))


def redirect_target(url: str, location: str, allowed: frozenset[str]) -> str:
    """Return where a redirect leads, when the client may go there.

    Args:
        allowed: hosts (``host`` or ``host:port``) that the signed trust bundle names.

    Raises:
        NetworkFailure: from https to http, to http elsewhere, or to a host not allowed.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    wrong = _fault(target)
    if target.startswith("file:") or (url.startswith("https:") and not target.startswith("https:")):
        wrong = "It leads away from https."
    elif not wrong and origin(target) != origin(url) and not _is_named(target, allowed):
        wrong = "The registry's signed trust bundle does not name that host."
    if wrong:
        raise NetworkFailure(
            "The registry answered with a redirect that is not followed.",
            why=f"To {target[:200]!a}. {wrong}",
            fix="Tell the registry's operators; nothing was sent there.",
        )
    return target


def _is_named(url: str, allowed: frozenset[str]) -> bool:
    _, host, port = origin(url)
    return f"{host}:{port}" in allowed or (port == 443 and host in allowed)
