"""Installing a hundred skills: skillpkg with every check, beside npm from verdaccio.

Both get the same files, seven a package. ``cold``: nothing is known but the registry; ``warm``: the
cache is full and nothing is installed; ``nothing to do``: all is there. Everything lies in memory
where the machine has such a folder, since a disk's mood would be measured otherwise.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.peers import installed_verdaccio, verdaccio
from bench.registries import peer_publisher, publisher, skreg
from bench.report import Figures, require, table
from bench.uploads import NAMESPACE, Upload, skills

PACKAGES = 100
ROUNDS = 3
KINDS = ("cold", "warm", "nothing to do")
_VERSION = "1.0.0"
_TOOLS = {"node": "Node.js 20 or later", "npm": "Node.js 20 or later"}
_MEMORY = Path("/dev/shm")

Spent = dict[str, dict[str, list[float]]]
"""Client -> kind -> milliseconds of each round."""


@dataclass(frozen=True, slots=True)
class Client:
    """A command that installs all packages, run in a home and a project of its own."""

    command: list[str]
    home: Path
    kept: tuple[str, ...]
    """What knows the registry, below the home: stays when all else is forgotten."""
    cache: str

    def forget(self, *, all_of_it: bool) -> None:
        """Remove what is installed, and with ``all_of_it`` the cache too."""
        stays = {*self.kept, *(() if all_of_it else (self.cache,))}
        for path in sorted(self.home.rglob("*"), reverse=True):
            name = path.relative_to(self.home).as_posix()
            if any(each == name or name.startswith(f"{each}/") for each in stays):
                continue
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            else:
                path.unlink()

    def run(self) -> float:
        """Install; returns milliseconds."""
        return _timed(self.command, self.home)


def run() -> Figures:
    """Measure, print the table, return the figures.

    Raises:
        Absent: Node.js or verdaccio is missing.
    """
    require(_TOOLS)
    installed_verdaccio()
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="skreg-bench-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the database has a user of its own
        with ExitStack() as stack:
            spent = _measure(folder, stack)
        start = _starts(folder)
    return _figures(spent, start)


def _measure(folder: Path, stack: ExitStack) -> Spent:
    made = skills(PACKAGES, _VERSION, files=6)
    clients = {"skillpkg": _ours(folder, stack, made), "npm": _theirs(folder, stack, made)}
    spent: Spent = {name: {kind: [] for kind in KINDS} for name in clients}
    for _ in range(ROUNDS):
        for name, client in clients.items():
            for kind, before in _preparations(client).items():
                before()
                spent[name][kind].append(client.run())
    return spent


def _preparations(client: Client) -> dict[str, Callable[[], None]]:
    """Return what is done before each kind of run, in their order."""
    steps: tuple[Callable[[], None], ...] = (
        lambda: client.forget(all_of_it=True),
        lambda: client.forget(all_of_it=False),
        lambda: None,
    )
    return dict(zip(KINDS, steps, strict=True))


def _ours(folder: Path, stack: ExitStack, made: list[Upload]) -> Client:
    registry = stack.enter_context(skreg(folder))
    publish = publisher(registry.server)
    for upload in made:
        publish(upload)
    registry.work()
    (home := folder / "our-home").mkdir()
    program = str(Path(sys.executable).parent / "skillpkg")
    known = json.loads((folder / "storage/.well-known/skreg.json").read_text())
    pin = ["--root-fingerprint", known["root_fingerprints"][0]]
    address = f"http://127.0.0.1:{registry.server.port}"
    _timed([program, "registry", "add", "bench", address, *pin], home)
    kept = tuple(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    names = [f"{NAMESPACE}/{upload.name}" for upload in made]
    return Client([program, "install", "-q", *names], home, kept, ".skillpkg/cache")


def _theirs(folder: Path, stack: ExitStack, made: list[Upload]) -> Client:
    (storage := folder / "peer").mkdir()
    server = stack.enter_context(verdaccio(storage, folder, "/-/ping"))
    publish = peer_publisher(server)
    for upload in made:
        publish(Upload(upload.name, upload.version, _as_npm(upload)))
    (home := folder / "npm-home").mkdir()
    asked = {"private": True, "dependencies": {upload.name: _VERSION for upload in made}}
    (home / "package.json").write_text(json.dumps(asked))
    (home / ".npmrc").write_text(f"registry=http://127.0.0.1:{server.port}/\n")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    command = [shutil.which("npm") or "npm", "install", *options]
    return Client(command, home, ("package.json", ".npmrc"), ".npm")


def _as_npm(upload: Upload) -> bytes:
    """Return the same files as npm packs them."""
    made = io.BytesIO()
    about = json.dumps({"name": upload.name, "version": upload.version}).encode()
    with (
        tarfile.open(fileobj=io.BytesIO(upload.archive)) as source,
        tarfile.open(fileobj=made, mode="w:gz") as target,
    ):
        for member in source:
            data = source.extractfile(member)
            if data is not None:
                member.name = f"package/{member.name}"
                target.addfile(member, data)
        head = tarfile.TarInfo("package/package.json")
        head.size = len(about)
        target.addfile(head, io.BytesIO(about))
    return made.getvalue()


def _starts(folder: Path) -> dict[str, float]:
    """Return milliseconds of bare Python and of ``skillpkg --version``, in turns."""
    program = str(Path(sys.executable).parent / "skillpkg")
    commands = {"python": [sys.executable, "-c", ""], "version": [program, "--version"]}
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(20):
        for name, command in commands.items():
            spent[name].append(_timed(command, folder))
    return {name: median(times) for name, times in spent.items()}


def _timed(command: list[str], home: Path) -> float:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr}")
    return (time.perf_counter() - begun) * 1000


def _figures(spent: Spent, start: dict[str, float]) -> Figures:
    middle = {name: {kind: median(times) for kind, times in k.items()} for name, k in spent.items()}
    print(table(("ms", *KINDS), [[name, *kinds.values()] for name, kinds in middle.items()]))
    print(f"bare Python {start['python']:.1f} ms, skillpkg --version {start['version']:.1f} ms")
    ratios = {
        f"install_{kind.replace(' ', '_')}_vs_npm": middle["skillpkg"][kind] / middle["npm"][kind]
        for kind in KINDS
    }
    ratios["nothing_to_do_vs_python"] = middle["skillpkg"]["nothing to do"] / start["python"]
    ratios["version_vs_python"] = start["version"] / start["python"]
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f}")
    install = {
        name: {kind: round(value, 1) for kind, value in kinds.items()}
        for name, kinds in middle.items()
    }
    return {
        "install_ms": {**install, "start": {name: round(ms, 1) for name, ms in start.items()}},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }
