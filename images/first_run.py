"""Before the first start on one machine: signing keys, the database's password, two stores.

Runs in the image as its own user and writes into named volumes, so no secret stands in a
compose file, in an environment or in a shell's history. Run again it changes nothing.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from skreg.adapters.blobs import open_blob_store
from skreg.pki.local import local_key_uris

DATA = Path("/var/lib/skreg")
KEYS = DATA / "keys"
PASSWORD = DATA / "password" / "postgres"
LOGIN = DATA / "login" / "pgpass"


def main() -> None:
    """Create what is missing; the login is written from the password, which is made once."""
    local_key_uris(KEYS)
    for store in (DATA / "storage", DATA / "staging"):
        open_blob_store(store.as_uri())  # the api may not make the first one: it only reads it
    if not PASSWORD.exists():
        _write(PASSWORD, secrets.token_urlsafe(32), 0o444)
    _write(LOGIN, f"*:*:*:*:{PASSWORD.read_text('ascii')}\n", 0o600)
    print("Keys and database password are in their volumes.")  # noqa: T201


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file that appears whole, with its mode, or not at all."""
    part = path.with_name(f".{path.name}")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    main()
