"""Reads images/compose.yaml and runs its services with podman: the file's own words, no copy."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from support.image import ROOT, Storage

FOLDER = ROOT / "images"
INNERMOST = re.compile(r"\$\{(\w+)(?::-([^${}]*))?\}")


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the compose file with ``${NAME:-default}`` replaced, also one inside another."""
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    while (replaced := INNERMOST.sub(lambda m: environ.get(m[1]) or m[2] or "", text)) != text:
        text = replaced
    found: dict[str, Any] = yaml.safe_load(text)
    return found


class Machine:
    """The services of one compose file; everything carries one prefix and is removed by id."""

    def __init__(self, storage: Storage, compose: Mapping[str, Any]) -> None:
        self.storage = storage
        self.compose = compose
        self.prefix = f"skreg-{uuid.uuid4().hex[:8]}"
        self.ids: dict[str, str] = {}

    def create(self) -> None:
        """Make the networks and volumes."""
        for name, network in self.compose["networks"].items():
            pools = network.get("ipam", {}).get("config", [])
            options = [f"--subnet={pool['subnet']}" for pool in pools]
            options += ["--internal"] if network.get("internal") else []
            self.storage.podman("network", "create", *options, f"{self.prefix}-{name}")
        for name in self.compose["volumes"]:
            self.storage.podman("volume", "create", f"{self.prefix}-{name}")

    def start(self, name: str, *extra: str, wait: bool = False, **changed: Any) -> str:
        """Run a service (``changed`` replaces its keys); with ``wait`` until it has ended well."""
        service = {**self.compose["services"][name], **changed}
        options = [*_options(service), *self._places(name, service), *extra]
        mode = "--name" if wait else "-d"
        options += ["--name", f"{self.prefix}-{name}"] if mode == "-d" else []
        entry, *rest = service.get("entrypoint") or [""]
        options += ["--entrypoint", entry] if entry else []
        command = ["run", *(["--rm"] if wait else ["-d"]), *options, service["image"]]
        printed = self.storage.podman(*command, *rest, *service.get("command", []))
        if not wait:
            self.ids[name] = printed.splitlines()[-1]
        return printed

    def execute(self, name: str, *command: str, check: bool = True) -> str:
        """Run a program inside a running service."""
        return self.storage.podman("exec", self.ids[name], *command, check=check)

    def wait_healthy(self, name: str, seconds: float = 60) -> None:
        """Wait for the service's own health check, as its image or the file defines it."""
        test = self.compose["services"][name].get("healthcheck", {}).get("test")
        command = (
            ["exec", self.ids[name], *test[1:]] if test else ["healthcheck", "run", self.ids[name]]
        )
        deadline = time.monotonic() + seconds
        while self.storage.run("podman", *command, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} is not healthy:\n{self.logs(name)}")
            time.sleep(0.3)

    def logs(self, name: str) -> str:
        """Return what the service wrote."""
        done = self.storage.run("podman", "logs", self.ids[name], check=False)
        return done.stdout + done.stderr

    def stop(self, name: str) -> int:
        """Stop a service as an orchestrator does; returns its exit code."""
        self.storage.podman("stop", "--time", "30", self.ids[name])
        form = "{{.State.ExitCode}}"
        return int(self.storage.podman("inspect", "--format", form, self.ids[name]))

    def facts(self) -> dict[str, Any]:
        """Return what `support.image_docker` needs, to play commands that somebody typed."""
        return {
            "ids": self.ids,
            "image": self.compose["services"]["api"]["image"],
            "prefix": self.prefix,
            "options": {
                name: [*_options(service), *self._places(name, service)]
                for name, service in self.compose["services"].items()
            },
        }

    def remove(self) -> None:
        """Remove every container, volume and network of this prefix."""
        for identity in self.ids.values():
            self.storage.podman("rm", "--force", "--time", "2", identity, check=False)
        for name in self.compose["volumes"]:
            self.storage.podman("volume", "rm", "--force", f"{self.prefix}-{name}", check=False)
        for name in self.compose["networks"]:
            self.storage.podman("network", "rm", f"{self.prefix}-{name}", check=False)

    def _places(self, name: str, service: Mapping[str, Any]) -> Iterator[str]:
        for volume in service.get("volumes", []):
            source, target = volume.split(":", 1)
            known = source in self.compose["volumes"]
            yield "--volume"
            yield f"{self.prefix}-{source}:{target}" if known else f"{FOLDER / source}:{target}"
        if "network_mode" in service:
            yield from ("--network", service["network_mode"])
        for network in service.get("networks", []):
            yield from ("--network", f"{self.prefix}-{network}:alias={name}")


def _options(service: Mapping[str, Any]) -> Iterator[str]:
    """Turn a service's keys into podman's options; a key without one is an error."""
    for key, values in service.items():
        if key in OPTIONS:
            for value in [values] if isinstance(values, str | int | float) else values:
                yield f"--{OPTIONS[key]}={value}"
        elif key == "read_only":
            yield f"--read-only={str(values).lower()}"
        elif key == "environment":
            yield from (f"--env={name}={value}" for name, value in values.items())
        elif key not in ELSEWHERE:
            raise AssertionError(f"compose.yaml has {key!r}, which this test cannot run")


OPTIONS = {
    "cap_add": "cap-add",
    "cap_drop": "cap-drop",
    "cpus": "cpus",
    "mem_limit": "memory",
    "pids_limit": "pids-limit",
    "ports": "publish",
    "security_opt": "security-opt",
    "shm_size": "shm-size",
    "tmpfs": "tmpfs",
    "user": "user",
}
ELSEWHERE = {
    *("image", "entrypoint", "command", "volumes", "networks", "network_mode"),
    *("restart", "logging", "depends_on", "healthcheck", "stop_grace_period", "profiles"),
}


@contextmanager
def machine(storage: Storage, environ: Mapping[str, str]) -> Iterator[Machine]:
    """Yield the compose file's networks and volumes, without any service yet."""
    made = Machine(storage, load(environ))
    try:
        made.create()
        yield made
    finally:
        made.remove()
