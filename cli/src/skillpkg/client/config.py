"""``config.toml`` in the client's own folder: registries and a few settings.

Only this folder is read. A file in a project cannot name a registry, a root or a setting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from skillpkg.client.files import home, locked, read_if_present, write_atomically
from skillpkg.errors import UsageError

TomlTable: TypeAlias = "Mapping[str, str | bool | list[str] | TomlTable]"


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A registry as it was added.

    Attributes:
        url: what the user gave.  api_url: where the native API is; None for a folder.
        read_urls: where the static objects are, in the order to try.
        former_roots: roots that were pinned here before the present one, oldest first; each has
            signed for its successor.
    """

    url: str
    registry_id: str
    root_fingerprint: str
    read_urls: tuple[str, ...]
    api_url: str | None = None
    former_roots: tuple[str, ...] = ()

    @property
    def every_root(self) -> tuple[str, ...]:
        """The present root's fingerprint, then the former ones."""
        return (self.root_fingerprint, *self.former_roots)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file.

    Attributes:
        targets: agents that ``install`` links to when no ``-t`` is given.
        copy: copy into agents' folders instead of linking.
    """

    default_registry: str | None = None
    targets: tuple[str, ...] = ()
    copy: bool = False
    registries: Mapping[str, RegistryEntry] = field(default_factory=dict)


def config_path() -> Path:
    """Return the path of ``config.toml``."""
    return home() / "config.toml"


def load() -> Config:
    """Read the configuration; an absent file is an empty one.

    Raises:
        UsageError: the file is not TOML, or a value has another type than it should.
    """
    data = read_if_present(config_path())
    if data is None:
        return Config()
    try:
        document = tomllib.loads(data.decode("utf-8"))
        settings = document.get("settings", {})
        return Config(
            _optional(document, "default_registry"),
            _texts(settings, "targets"),
            _flag(settings, "copy"),
            {name: _entry(table) for name, table in document.get("registries", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{config_path()} cannot be read.", why=str(error), fix="Mend or remove it."
        ) from error


def change(edit: Callable[[Config], Config]) -> Config:
    """Apply ``edit`` to the configuration on disk under its lock; return the new one."""
    with locked(home() / "config.lock"):
        new = edit(load())
        write_atomically(config_path(), _dump(new))
    return new


def with_registry(config: Config, name: str, entry: RegistryEntry | None) -> Config:
    """Return ``config`` with a registry added, replaced or (None) removed."""
    registries = {key: kept for key, kept in config.registries.items() if key != name}
    if entry is not None:
        registries[name] = entry
    default = config.default_registry or name
    if default not in registries:
        default = next(iter(registries), "")
    return replace(config, default_registry=default or None, registries=registries)


def _dump(config: Config) -> bytes:
    import tomli_w

    document: dict[str, object] = {}
    if config.default_registry:
        document["default_registry"] = config.default_registry
    document["settings"] = {"targets": list(config.targets), "copy": config.copy}
    document["registries"] = {
        name: {
            "url": entry.url,
            "registry_id": entry.registry_id,
            "root_fingerprint": entry.root_fingerprint,
            "read_urls": list(entry.read_urls),
        }
        | ({"api_url": entry.api_url} if entry.api_url else {})
        | ({"former_roots": list(entry.former_roots)} if entry.former_roots else {})
        for name, entry in config.registries.items()
    }
    return tomli_w.dumps(document).encode("utf-8")


def _entry(table: TomlTable) -> RegistryEntry:
    return RegistryEntry(
        _text(table, "url"),
        _text(table, "registry_id"),
        _text(table, "root_fingerprint"),
        _texts(table, "read_urls"),
        _optional(table, "api_url"),
        _texts(table, "former_roots"),
    )


def _text(table: TomlTable, key: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def _optional(table: TomlTable, key: str) -> str | None:
    return _text(table, key) if key in table else None


def _texts(table: TomlTable, key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{key} is not a list of texts")
    return tuple(value)


def _flag(table: TomlTable, key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return value
