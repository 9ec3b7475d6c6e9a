"""Secrets as private files in one folder: ``file:///folder``."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from skreg.adapters.disk import make_folder, sync_folder, write_private
from skreg.errors import ConfigurationInvalid, Missing, Unavailable

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)


class FileSecrets:
    """A folder (0700) of files (0600); a write replaces a secret whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes:
        """Return the file's content."""
        with _answering(name):
            return self._path(name).read_bytes()

    def write(self, name: str, value: bytes) -> None:
        """Store a new value durably."""
        path = self._path(name)
        temporary = path.with_name(f".{name}.{secrets.token_hex(8)}")
        with _answering(name):
            make_folder(self._folder, 0o700)
            try:
                write_private(temporary, value)
                temporary.replace(path)
                sync_folder(self._folder)
            finally:
                temporary.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Missing(
                "No secret can have this name.",
                why=f"{name!r} is not letters, digits, dots, hyphens and underscores.",
            )
        return self._folder / name


def open_store(uri: str) -> FileSecrets:
    """Open the folder that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI has no absolute path.
    """
    parts = urlsplit(uri)
    folder = Path(unquote(parts.path))
    if parts.netloc or not folder.is_absolute():
        raise ConfigurationInvalid(
            "The secrets' URI needs an absolute path.",
            why=f"It is {uri!r}.",
            fix="Write it as file:///absolute/folder/name.",
        )
    return FileSecrets(folder)


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing("The secret does not exist.", why=f"There is no file {name!r}.") from error
    except OSError as error:
        raise Unavailable(
            "The secret cannot be read or written.",
            why=str(error),
            fix="Check the folder's owner and space.",
        ) from error
