"""Reads RFC 7512 URIs: ``pkcs11:token=T;object=O?module-path=/lib.so&pin-source=file:/pin``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from skreg.errors import ConfigurationInvalid

_PATH = frozenset({"token", "serial", "object", "id", "type"})
_QUERY = frozenset({"module-path", "pin-source"})


@dataclass(frozen=True, slots=True)
class Pkcs11Uri:
    """Where a key is: which library, which token, which object.

    Attributes:
        token, serial: what the token must be called; at least one is given.
        label, key_id: what the key must be called; at least one is given.
        pin_source: ``file:/path`` or ``env:NAME``.
    """

    module: str
    token: str | None
    serial: bytes | None
    label: str | None
    key_id: bytes | None
    pin_source: str


def read_uri(uri: str) -> Pkcs11Uri:
    """Return the parts of a ``pkcs11:`` URI.

    Raises:
        ConfigurationInvalid: an attribute is missing, unknown, repeated, or is a PIN, which has
            no place in a setting.
    """
    path, _, query = uri.partition(":")[2].partition("?")
    place = _attributes(path, ";", _PATH)
    how = _attributes(query, "&", _QUERY)
    if not (place.keys() & {"token", "serial"} and place.keys() & {"object", "id"}):
        raise _refused("it names no token or no object")
    if how.keys() != _QUERY:
        raise _refused("module-path or pin-source is missing")
    if place.get("type", "private") != "private":
        raise _refused("its type is not private")
    return Pkcs11Uri(
        module=unquote(how["module-path"]),
        token=unquote(place["token"]) if "token" in place else None,
        serial=unquote_to_bytes(place["serial"]) if "serial" in place else None,
        label=unquote(place["object"]) if "object" in place else None,
        key_id=unquote_to_bytes(place["id"]) if "id" in place else None,
        pin_source=unquote(how["pin-source"]),
    )


def read_pin(source: str) -> str:
    """Return the PIN from the file or environment variable that ``source`` names.

    Raises:
        ConfigurationInvalid: another kind of source, or nothing there.
    """
    kind, _, rest = source.partition(":")
    if kind == "env":
        pin = os.environ.get(rest, "")
    elif kind == "file":
        pin = _first_line(Path(rest.removeprefix("//")))
    else:
        raise _refused(f"its pin-source is of kind {kind!r}")
    if not pin:
        raise ConfigurationInvalid(
            "The token's PIN is not there.",
            why=f"{source} is empty or not set.",
            fix="Put the PIN there, readable by this process alone.",
        )
    return pin


def _first_line(path: Path) -> str:
    try:
        return path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(
            "The token's PIN file cannot be read.",
            why=f"{path}: {error}",
            fix="Check pin-source and the file's owner.",
        ) from error


def _attributes(text: str, divider: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _pairs(text, divider):
        if name == "pin-value":
            raise _refused("it carries a PIN, which everyone who reads settings would see")
        if name not in known or name in found or not value:
            raise _refused(f"its attribute {name!r} is unknown, empty or repeated")
        found[name] = value
    return found


def _pairs(text: str, divider: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(divider)):
        name, _, value = part.partition("=")
        yield name, value


def _refused(cause: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        "The key's PKCS#11 URI cannot be used.",
        why=f"{cause[:1].upper()}{cause[1:]}.",
        fix="Write it as pkcs11:token=T;object=O?module-path=/path/lib.so&pin-source=file:/pin.",
    )
