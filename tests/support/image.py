"""Builds the container image where no image can be pulled: its base comes from Debian's packages.

The base is made once and kept in the tools' folder (see ``support.tools``); images and containers
live in a storage of their own there, so nothing of the machine's own containers is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from support.tools import tools

ROOT = Path(__file__).parents[2]
BASE = "localhost/skreg-test-base:bookworm"
IMAGE = f"localhost/skreg-test:{os.getpid()}"
PROGRAMS = ("buildah", "caddy", "debootstrap", "podman", "runc")
BASE_PACKAGES = "python3-venv,ca-certificates"


def missing() -> str:
    """Why no image can be built and run here; empty when it can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"the image's test needs {', '.join(absent)} on PATH"
    return "" if os.geteuid() == 0 else "the image's test needs root, for debootstrap and networks"


class Storage:
    """Images, containers, networks and volumes of this suite alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "storage.conf"
        configuration.write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder / "graph"}"\n'
            f'runroot = "/run/skreg-test-{zlib.crc32(str(folder).encode()):08x}"\n'
        )
        self.environment = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(configuration),
            "CONTAINERS_CONF": str(_engine_configuration(folder)),
        }

    def run(
        self, *command: str, check: bool = True, seconds: float = 240
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on this storage; its output is in the failure."""
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done

    def podman(self, *arguments: str, check: bool = True) -> str:
        """Run podman; returns what it printed, without the last line break."""
        return self.run("podman", *arguments, check=check).stdout.strip()


def _engine_configuration(folder: Path) -> Path:
    """No systemd, no journal, no crun is needed: the machine may be a container itself."""
    path = folder / "containers.conf"
    networks = folder / "networks"
    networks.mkdir(exist_ok=True)
    path.write_text(
        '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "none"\n'
        f'volume_path = "{folder / "volumes"}"\n'
        '[containers]\nlog_driver = "k8s-file"\n'
        'default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{networks}"\n'
    )
    return path


def open_storage() -> Storage:
    """The suite's storage, with the base in it."""
    storage = Storage(tools() / "image")
    if storage.run("buildah", "inspect", "--type", "image", BASE, check=False).returncode != 0:
        _make_base(storage)
    return storage


def _make_base(storage: Storage) -> None:
    with tempfile.TemporaryDirectory(dir=storage.folder, prefix="base-") as name:
        folder, system = Path(name), Path(name) / "system"
        storage.run(
            "debootstrap",
            "--variant=minbase",
            f"--include={BASE_PACKAGES}",
            "bookworm",
            str(system),
            seconds=1200,
        )
        for downloaded in (
            *system.glob("var/cache/apt/**/*.deb"),
            *system.glob("var/lib/apt/lists/*_*"),
        ):
            downloaded.unlink()
        (folder / "Containerfile").write_text("FROM scratch\nADD system /\n")
        storage.run("buildah", "build", "--isolation", "chroot", "--tag", BASE, str(folder))


def cannot_run(storage: Storage) -> str:
    """Why no container with a network of its own runs on this kernel; empty when one does."""
    name = f"skreg-probe-{os.getpid()}"
    storage.podman("network", "create", "--internal", name)
    try:
        done = storage.run(
            *("podman", "run", "--rm", "--read-only", "--memory=64m", "--cpus=1"),
            *(f"--network={name}", BASE, "true"),
            check=False,
        )
    finally:
        storage.podman("network", "rm", name, check=False)
    return "" if done.returncode == 0 else f"no container runs here: {done.stderr.strip()[-300:]}"


def build(storage: Storage, *arguments: str) -> str:
    """Build images/Containerfile on the local base with images/build.sh; returns the image's id."""
    with tempfile.TemporaryDirectory(dir=storage.folder, prefix="pip-") as name:
        storage.environment |= {"SKREG_IMAGE": IMAGE, "SKREG_IMAGE_TOOL": "buildah"}
        storage.run(
            "images/build.sh",
            *("--build-arg", f"BASE={BASE}", "--pull-never"),
            *("--isolation", "chroot", "--network", "host"),
            *_pip_secrets(Path(name)),
            *arguments,
        )
    return storage.podman("image", "inspect", "--format", "{{.Id}}", IMAGE)


def _pip_secrets(folder: Path) -> Sequence[str]:
    """Hand the machine's own way to its package index to the build, as two secrets."""
    lines = ["[global]", "timeout = 120"]
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"):
        if value := os.environ.get(variable):
            lines.append(f"{variable[4:].lower().replace('_', '-')} = {value}")
    authority = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if authority:
        lines.append("cert = /run/secrets/ca")
    (folder / "pip.conf").write_text("\n".join(lines) + "\n")
    secrets = ["--secret", f"id=pip,src={folder / 'pip.conf'}"]
    return [*secrets, "--secret", f"id=ca,src={authority}"] if authority else secrets
