"""Where tokens come from: the environment, the system's keyring, then a file only you can read.

``credentials.json`` says for each registry where its token is kept and which origin it belongs
to; a token is never sent to another origin, and an install that needs none never opens a keyring.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skillpkg.client.addresses import origin
from skillpkg.client.files import home, locked, read_if_present, write_atomically
from skillpkg.errors import SkillpkgError

_SERVICE = "skillpkg"


class Keyring(Protocol):
    """What is used of the ``keyring`` package."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """A token and where it was found: ``environment``, ``keyring`` or ``file``."""

    token: str
    source: str
    token_id: str | None = None


def system_keyring() -> Keyring | None:
    """Return the system's keyring, or None when there is no usable one (a server, a container)."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, fail.Keyring | null.Keyring) or backend.priority <= 0:
        return None
    return backend


class Credentials:
    """The tokens of this user.

    Args:
        open_keyring: returns the keyring to use, or None.
        warn: called with a sentence when the keyring fails; the file is used then.
    """

    def __init__(
        self,
        *,
        warn: Callable[[str], None],
        open_keyring: Callable[[], Keyring | None] = system_keyring,
    ) -> None:
        self._warn = warn
        self._open_keyring = open_keyring
        self._path = home() / "credentials.json"

    def find(self, name: str, registry_id: str, url: str) -> Login | None:
        """Return the token for the registry ``name`` that may be sent to ``url``, or None.

        A variable named after the registry comes before ``SKILLPKG_TOKEN``: where both are set,
        the general token belongs to another registry.
        """
        named = f"SKILLPKG_REGISTRY_{re.sub(r'[^A-Z0-9]', '_', name.upper())}_TOKEN"
        for variable in (named, "SKILLPKG_TOKEN"):
            if token := os.environ.get(variable):
                return Login(token.strip(), f"environment ({variable})")
        entry = self._entries().get(registry_id)
        if entry is None or entry.get("origin") != _origin_text(url):
            return None
        token = entry.get("token") or self._from_keyring(registry_id)
        source = "file" if entry.get("token") else "keyring"
        return Login(token, source, entry.get("token_id")) if token else None

    def keep(self, registry_id: str, url: str, token: str, token_id: str | None) -> str:
        """Keep a token for the origin of ``url``; return ``keyring`` or ``file``."""
        entry = {"origin": _origin_text(url)} | ({"token_id": token_id} if token_id else {})
        kept_in = "keyring" if self._to_keyring(registry_id, token) else "file"
        if kept_in == "file":
            entry["token"] = token
        self._change(registry_id, entry)
        return kept_in

    def forget(self, registry_id: str) -> bool:
        """Remove what is kept; say whether there was anything."""
        entry = self._entries().get(registry_id)
        if entry is None:
            return False
        if "token" not in entry:
            self._try_keyring(lambda ring: ring.delete_password(_SERVICE, registry_id))
        self._change(registry_id, None)
        return True

    def _from_keyring(self, registry_id: str) -> str | None:
        return self._try_keyring(lambda ring: ring.get_password(_SERVICE, registry_id))

    def _to_keyring(self, registry_id: str, token: str) -> bool:
        def put(ring: Keyring) -> str | None:
            ring.set_password(_SERVICE, registry_id, token)
            return ring.get_password(_SERVICE, registry_id)

        return self._try_keyring(put) == token

    def _try_keyring(self, use: Callable[[Keyring], str | None]) -> str | None:
        """Use the keyring; a backend may fail with any exception, and every failure is shown."""
        try:
            ring = self._open_keyring()
            return None if ring is None else use(ring)
        except Exception as error:  # noqa: BLE001 - backends share no base error; it is reported
            self._warn(f"The keyring failed ({type(error).__name__}: {error}).")
            return None

    def _entries(self) -> dict[str, dict[str, str]]:
        _require_private(self._path)
        data = read_if_present(self._path)
        if data is None:
            return {}
        try:
            document: dict[str, dict[str, str]] = json.loads(data)
            return {name: dict(entry) for name, entry in document.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise SkillpkgError(
                f"{self._path} cannot be read.",
                why=str(error),
                fix="Delete it and log in again: skillpkg login",
            ) from error

    def _change(self, registry_id: str, entry: dict[str, str] | None) -> None:
        with locked(home() / "credentials.lock"):
            entries = self._entries()
            entries.pop(registry_id, None)
            if entry is not None:
                entries[registry_id] = entry
            write_atomically(self._path, json.dumps(entries, indent=1).encode(), mode=0o600)


def _origin_text(url: str) -> str:
    scheme, host, port = origin(url)
    return f"{scheme}://{host}:{port}"


def _require_private(path: Path) -> None:
    if os.name == "nt" or not path.exists():
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SkillpkgError(
            f"{path} can be read by others.",
            why="It holds tokens.",
            fix=f"Type: chmod 600 {path}; and if others use this machine, log in anew.",
        )
