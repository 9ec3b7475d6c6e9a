"""A registry as it is deployed: api and worker as processes, keys and stores elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from support.clouds import Cloud
from support.registry_process import Http, free_port, running, said, wait_until_ready

ROLES = {
    "registry-ca": "REGISTRY_CA_KEY_URI",
    "publisher-ca": "PUBLISHER_CA_KEY_URI",
    "signing": "SIGNING_KEY_URI",
    "log": "LOG_KEY_URI",
}


@dataclass
class Deployment:
    """One registry: its settings, and the processes that run now."""

    cloud: Cloud
    database_url: str
    folder: Path
    root: Mapping[str, str] = field(default_factory=lambda: {"ROOT_MODE": "offline"})
    port: int = field(default_factory=free_port)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys |= {ROLES[name]: self.cloud.create(name) for name in ROLES}

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def http(self) -> Http:
        return Http(f"http://127.0.0.1:{self.port}")

    @property
    def common(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "STORAGE_URL": self.cloud.storage,
            "STAGING_URL": self.cloud.staging,
            "PUBLIC_URL": self.http.url,
            "LOG_LEVEL": "warning",
            "ENVIRONMENT": "prod",
            **self.cloud.environment,
        }

    @property
    def worker_environment(self) -> dict[str, str]:
        hsm = {"HSM_BACKEND": self.cloud.hsm_backend}
        secret = {"PKI_SECRET": self.cloud.secret} if self.cloud.secret else {}
        return self.common | hsm | secret | dict(self.root) | self.keys

    @contextmanager
    def worker(self) -> Iterator[Popen[bytes]]:
        with running("worker", self.worker_environment, self.log) as process:
            yield process

    @contextmanager
    def api(self) -> Iterator[Http]:
        settings = {"LISTEN_PORT": str(self.port)}
        with running("api", self.common | settings, self.log) as process:
            wait_until_ready(self.http, process, self.log)
            yield self.http

    @contextmanager
    def whole(self) -> Iterator[Http]:
        with ExitStack() as stack:
            stack.enter_context(self.worker())
            yield stack.enter_context(self.api())

    def pki(self, *words: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a ``skreg pki`` command with the worker's settings; it must end well."""
        done = said("pki", *words, environment=environment or self.worker_environment)
        assert done.returncode == 0, done.stderr + self.log.read_text()
        return done.stdout

    def wait_for_health(self, *degraded: str) -> None:
        """Wait until ``/readyz`` names exactly these parts."""
        deadline = time.monotonic() + 90
        while (found := self.http.get("/readyz").json())["degraded"] != list(degraded):
            assert time.monotonic() < deadline, f"{found}\n{self.log.read_text()}"
            time.sleep(0.05)
