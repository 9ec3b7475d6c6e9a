"""A whole client at work: its home, a project, a signed registry, and a server without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from skillpkg.client.transport import Request, Response, Transport
from skillpkg.errors import NetworkFailure
from skillpkg.main import main
from support.certificates import NOW
from support.static_registry import StaticRegistry

BASE = "https://registry.test"
Answer = Response | Callable[[Request], Response]


def answer(status: int, document: object = None, **headers: str) -> Response:
    """Return a JSON answer."""
    body = b"" if document is None else json.dumps(document).encode()
    return Response(status, {"content-type": "application/json", **headers}, body)


@dataclass
class FakeServer:
    """Stands in for the network: static files by URL, API routes by method and path."""

    files: dict[str, bytes] = field(default_factory=dict)
    routes: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    is_down: bool = False

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if self.is_down:
            raise NetworkFailure("The network is down.")
        path = request.url.removeprefix(BASE)
        found = self.routes.get(f"{request.method} {path.partition('?')[0]}")
        if found is not None:
            return found(request) if callable(found) else found
        if request.method == "GET" and path in self.files:
            return Response(200, {}, self.files[path])
        return answer(404, {"title": "Not found", "status": 404})

    def sent(self, method: str, path: str) -> list[Request]:
        """Return the requests that came to a path."""
        wanted = f"{BASE}{path}"
        return [r for r in self.asked if r.method == method and r.url.partition("?")[0] == wanted]


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, object]:
        document: dict[str, object] = json.loads(self.out)
        return document

    @property
    def error(self) -> dict[str, object]:
        document: dict[str, dict[str, object]] = json.loads(self.err)
        return document["error"]


@dataclass
class World:
    """One user's machine."""

    root: Path
    capture: pytest.CaptureFixture[str]
    server: FakeServer
    registry: StaticRegistry = field(default_factory=StaticRegistry)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def user(self) -> Path:
        return self.root / "user"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def folder(self) -> Path:
        return self.root / "registry"

    @property
    def fingerprint(self) -> str:
        return self.registry.trust_bundle().roots[0].fingerprint

    def run(self, *words: str) -> Result:
        """Run one command line in this process."""
        self.capture.readouterr()
        code = main(list(words))
        printed = self.capture.readouterr()
        return Result(code, printed.out, printed.err)

    def ok(self, *words: str) -> Result:
        """Run a command that must end well."""
        result = self.run(*words)
        assert result.code == 0, result.err
        return result

    def write(self) -> None:
        """Sign the registry anew and put it into its folder."""
        self.registry.build()
        write_files(self.folder, self.registry.files)

    def add_folder(self) -> None:
        """Write the registry and pin it as ``acme``."""
        self.write()
        self.ok("registry", "add", "acme", str(self.folder), "--root-fingerprint", self.fingerprint)

    def serve(self, **known: object) -> None:
        """Sign the registry anew and serve it at ``BASE``."""
        self.registry.build()
        self.server.files = dict(self.registry.files)
        document = {
            "schema": "skreg.wellknown/1",
            "registry_id": self.registry.registry_id,
            "api_url": BASE,
            "read_urls": [BASE],
            "root_fingerprints": [self.fingerprint],
            **known,
        }
        self.server.files["/.well-known/skreg.json"] = json.dumps(document).encode()

    def add_server(self) -> None:
        """Serve the registry and pin it as ``acme``."""
        self.serve()
        self.ok("registry", "add", "acme", BASE, "--root-fingerprint", self.fingerprint)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write read-plane objects into a static folder."""
    for path, data in files.items():
        place = folder / path.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def make_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """Return a world in ``tmp_path`` whose clock stands at the registry's time."""
    from skillpkg.client import build
    from skillpkg.commands import info, install, verify

    server = FakeServer()
    world = World(tmp_path, capsys, server)
    for folder in (world.user, world.project):
        folder.mkdir()
    for variable in ("SKILLPKG_TOKEN", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SKILLPKG_HOME", str(world.home))
    monkeypatch.setenv("HOME", str(world.user))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr(build, "ADMINISTRATOR_PINS", str(tmp_path / "trust.d"))
    monkeypatch.setattr(Transport, "send", lambda _, request: server.send(request))
    monkeypatch.chdir(world.project)
    for module in (info, install, verify):
        monkeypatch.setattr(module, "now", lambda: NOW)
    return world
