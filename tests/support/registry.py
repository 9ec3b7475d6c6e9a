"""A registry in one process: API through ASGI, worker run until nothing is left to do."""

from __future__ import annotations

import dataclasses
import json
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from skillpkg.crypto.trust import open_bundle
from skillpkg.install.verify import VerifiedRelease, Verifier
from skillpkg.package_ref import PackageRef
from skreg.api.app import create_app
from skreg.api.services.passwords import Passwords
from skreg.bootstrap import ApiContainer, WorkerContainer, open_api, open_worker, utc_now
from skreg.pki.local import local_key_uris
from skreg.settings import load_api_settings, load_worker_settings
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.memory import MemoryPlane, MemoryState

PASSWORD = "correct horse battery staple"


class Registry:
    """One registry on one database and one folder."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database_url = database_url
        self.folder = folder
        self.storage = folder / "storage"
        self.staging = folder / "staging"
        for path in (self.storage, self.staging, folder / "keys"):
            path.mkdir(parents=True, exist_ok=True)
        self.common = {
            "DATABASE_URL": database_url,
            "STORAGE_URL": self.storage.as_uri(),
            "STAGING_URL": self.staging.as_uri(),
            "PUBLIC_URL": "http://registry.test",
            "ENVIRONMENT": "dev",
        }

    def worker_environment(self) -> dict[str, str]:
        uris = local_key_uris(self.folder / "keys")
        return self.common | {
            "HSM_BACKEND": "software",
            "ROOT_KEY_URI": uris["root"],
            "REGISTRY_CA_KEY_URI": uris["registry-ca"],
            "PUBLISHER_CA_KEY_URI": uris["publisher-ca"],
            "SIGNING_KEY_URI": uris["signing"],
            "LOG_KEY_URI": uris["log"],
        }

    def api(self, **changed: Any) -> ApiContainer:
        """An API container with a password hash that takes no time."""
        from argon2 import PasswordHasher

        container = open_api(load_api_settings(self.common))
        quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        return dataclasses.replace(container, passwords=quick, **changed)

    def worker(self, clock: Callable[[], datetime] = utc_now, **changed: Any) -> WorkerContainer:
        container = open_worker(load_worker_settings(self.worker_environment()), clock=clock)
        return dataclasses.replace(container, **changed) if changed else container

    async def work(self, clock: Callable[[], datetime] = utc_now) -> None:
        """Run a worker until nothing is left to do."""
        container = self.worker(clock)
        try:
            await run_worker(container, wait=False)
        finally:
            await container.close()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database says to one statement."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def timestamp(self) -> dict[str, Any]:
        """The payload of the published timestamp."""
        envelope = json.loads((self.storage / "index" / "timestamp").read_bytes())
        found: dict[str, Any] = json.loads(b64decode(envelope["payload"]))
        return found

    def verifier(self, clock: Callable[[], datetime] = utc_now) -> Verifier:
        """The client's verifier over the published files alone."""
        files = {
            "/" + str(path.relative_to(self.storage)): path.read_bytes()
            for path in self.storage.rglob("*")
            if path.is_file()
        }
        known = json.loads(files["/.well-known/skreg.json"])
        bundle = open_bundle(files["/trust/latest.json"], known["root_fingerprints"][0])
        return Verifier(MemoryPlane(files), bundle, MemoryState(), clock)

    def verify(self, ref: str, clock: Callable[[], datetime] = utc_now) -> VerifiedRelease:
        """Verify one version as an install does."""
        parsed = PackageRef.parse(ref)
        verifier = self.verifier(clock)
        index = verifier.open_index(parsed)
        return verifier.verify_release(index, parsed.version_or_tag or "")


async def signed_up(client: AsgiClient, username: str = "acme") -> AsgiClient:
    """Return a client with the session of a fresh account."""
    body = {"username": username, "password": PASSWORD}
    made = await client.post("/v1/auth/signup", body)
    assert made.status == 201, made.body
    session = await client.post("/v1/auth/login", body)
    assert session.status == 200, session.body
    return client.with_token(session.json()["access_token"])


def client_of(container: ApiContainer) -> AsgiClient:
    """Return a client of the FastAPI application over a container."""
    return AsgiClient(create_app(container))
