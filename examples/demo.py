"""The whole story of skreg in a minute: a registry, a publish, a verified install, a refusal.

Runs everything in a fresh folder and on loopback, with its own home, and stops what it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
SKILL = "demo/release-notes"


@dataclass(frozen=True)
class Registry:
    """A running registry: where it answers and what its root is pinned by."""

    url: str
    root_fingerprint: str


def say(text: str) -> None:
    """Print a heading of the story."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}", flush=True)


def show(command: str) -> None:
    """Print a command as a person would type it."""
    print(f"  $ {command}", flush=True)


def indent(text: str) -> None:
    """Print a command's output under it."""
    for line in text.rstrip().splitlines():
        print(f"    {line}", flush=True)


class Client:
    """``skillpkg`` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SKILLPKG_")},
            "HOME": str(home),
            "SKILLPKG_HOME": str(home / ".skillpkg"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def run(
        self, *arguments: str, quiet: bool = False, secret: str = "", expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run one command, show it and its output; any other exit code ends the demo."""
        shown = " ".join(a.replace(str(HERE.parent) + "/", "") for a in arguments)
        if not quiet:
            show(f"skillpkg {shown}")
        done = subprocess.run(
            [str(BIN / "skillpkg"), *arguments],
            env=self.environment,
            input=secret or None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not quiet or done.returncode != expect:
            indent(done.stdout)
        if done.returncode != expect:
            raise SystemExit(f"skillpkg {shown} ended {done.returncode}, expected {expect}")
        return done


def free_port() -> int:
    """Return a loopback port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def registry(data: Path) -> Iterator[Registry]:
    """Start ``skreg up``, wait for its ready line, stop it at the end."""
    command = [
        str(BIN / "skreg"),
        "up",
        "--data-dir",
        str(data),
        "--port",
        str(free_port()),
        "--json",
    ]
    with (data.parent / "registry.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield ready_line(process, Path(log.name))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def ready_line(process: subprocess.Popen[str], log: Path) -> Registry:
    """Read the JSON line that says the registry answers."""
    assert process.stdout is not None
    for line in process.stdout:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            facts = json.loads(line)
            return Registry(facts["url"], facts["root_fingerprint"])
    raise SystemExit("the registry did not start:\n" + log.read_text()[-4000:])


def skills() -> list[Path]:
    """The example skills, those that others depend on first."""
    folders = sorted(path.parent for path in HERE.glob("*/SKILL.md"))
    return sorted(folders, key=lambda folder: folder.name == SKILL.split("/")[1])


def publish_all(client: Client) -> None:
    """Publish every example skill under the demo account's namespace; show the last one whole."""
    *first, last = skills()
    for folder in first:
        client.run("publish", str(folder), "--namespace", "demo", quiet=True)
        indent(f"published demo/{folder.name}")
    client.run("publish", str(last), "--namespace", "demo")


def flip_one_byte(folder: Path) -> Path:
    """Change one byte in the middle of the published archive of the story's skill."""
    archive = next((folder / "packages" / SKILL).rglob("*.skill"))
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0x01
    archive.write_bytes(bytes(data))
    return archive


def tell(work: Path) -> None:
    """Tell the story in ``work``, an empty folder."""
    alice, bob = Client(work / "alice"), Client(work / "bob")
    password = secrets.token_urlsafe(16)
    data, mirror = work / "data", work / "mirror"
    say("1. One command starts a registry: database, API, vetting worker, keys, log")
    show("skreg up")
    with registry(data) as up:
        indent(f"ready at {up.url}\nroot {up.root_fingerprint}")
        pin = ("--root-fingerprint", up.root_fingerprint)
        say("2. Alice signs up and publishes; the worker vets, signs and logs each version")
        alice.run("registry", "add", "demo", up.url, *pin)
        alice.run("signup", "demo", "--password-stdin", secret=password)
        alice.run("login", "demo", "--password-stdin", secret=password)
        publish_all(alice)
        say("3. Bob finds a skill and installs it with every check on")
        bob.run("registry", "add", "demo", up.url, *pin)
        bob.run("search", "release notes")
        bob.run("install", SKILL)
        bob.run("list")
        bob.run("verify")
        shutil.copytree(data / "storage", mirror)
    say("4. The registry is stopped. A plain folder with its files goes on serving installs")
    carol = Client(work / "carol")
    carol.run("registry", "add", "folder", mirror.as_uri(), *pin)
    carol.run("install", SKILL)
    say("5. Somebody changes one byte of the archive in that folder: the install is refused")
    flip_one_byte(mirror)
    carol.run("cache", "clean", quiet=True)
    carol.run("uninstall", SKILL, quiet=True)
    carol.run("install", SKILL, expect=3)


def next_commands() -> None:
    """Print what to type next, on a registry that stays."""
    say("Done. Yours to keep, in two terminals:")
    for line in (
        ".venv/bin/skreg up",
        ".venv/bin/skillpkg registry add home http://127.0.0.1:8470",
        ".venv/bin/skillpkg signup YOU && .venv/bin/skillpkg login YOU",
        ".venv/bin/skillpkg publish examples/changelog-writer",
        ".venv/bin/skillpkg install YOU/changelog-writer --target claude-code",
    ):
        show(line)


def reachable() -> str:
    """Return a folder for temporary files that is not closed to other users on its way."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = Path(place).resolve()
        if path.is_dir() and all(one.stat().st_mode & 0o001 for one in (path, *path.parents)):
            return place
    return tempfile.gettempdir()


def main() -> None:
    """Run the story and clean up."""
    started = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="skreg-demo-", dir=reachable()))
    # The embedded database gives up root for a user of its own, who must reach its folder.
    work.chmod(0o755)
    try:
        tell(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    next_commands()
    print(f"\n{time.monotonic() - started:.0f} s, everything stopped and removed.")


if __name__ == "__main__":
    main()
