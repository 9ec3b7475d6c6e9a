"""``skreg up``: database, keys, API and worker as one process tree on one machine."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from skreg import embedded
from skreg.children import Children
from skreg.errors import ConfigurationInvalid, Unavailable
from skreg.listening import require_free
from skreg.up_layout import Layout, layout_of
from skreg.up_settings import settings_in, settings_of_parts

READY_SECONDS = 90.0
# Whatever proxy the environment names, this machine is asked directly.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the command line says; ``data`` None is the default folder, ``policy`` None no word."""

    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8470
    policy: str | None = None
    as_json: bool = False
    verbose: bool = False


def up(options: UpOptions) -> int:
    """Run until SIGINT or SIGTERM; returns 0 after an orderly stop, 1 when a part gave up.

    Raises:
        ConfigurationInvalid: the folder or the port is in use or cannot be used.
        DatabaseUnavailable, Unavailable: a part did not start.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    layout = layout_of(options.data)
    with _only_one(layout):
        settings_in(layout)  # before anything starts
        port = _free_port(options.host, options.port)
        _tell(options, f"Starting a registry in {layout.root} …")
        server = embedded.start(layout.database)
        try:
            return _run(options, layout, port, server, stop)
        finally:
            server.stop()
            _tell(options, f"\nStopped. Everything is kept in {layout.root}.")


@contextmanager
def _only_one(layout: Layout) -> Iterator[None]:
    """Hold the folder's lock; the system drops it with the process, even a killed one."""
    try:
        embedded.make_folder(layout.root, 0o755)
        descriptor = os.open(layout.root / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationInvalid(
            f"The data folder {layout.root} cannot be used.",
            why=error.strerror or str(error),
            fix="Choose another: skreg up --data-dir DIR.",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigurationInvalid(
            f"Another skreg up runs on {layout.root}.",
            fix="Stop it, or give this one a folder of its own with --data-dir.",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _free_port(host: str, port: int) -> int:
    require_free(host, port)
    if port:
        return port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _run(
    options: UpOptions,
    layout: Layout,
    port: int,
    server: embedded.EmbeddedServer,
    stop: threading.Event,
) -> int:
    from skreg.db.migrate import migrate

    url = f"http://{_bracketed(options.host)}:{port}"
    address = (options.host, port)
    parts = settings_of_parts(layout, server.url(), address, url, _chosen(options))
    migrate(server.url())
    with Children() as children:
        children.start("worker", parts.worker)
        children.start("api", parts.api)
        fingerprint = _wait_until_ready(layout, url, children, stop)
        if fingerprint is None:
            return 0
        _announce(options, layout, url, parts.url, fingerprint)
        return children.watch(stop, server.keep_running)


def _chosen(options: UpOptions) -> dict[str, str]:
    """Return the settings that the command line names."""
    level = {"LOG_LEVEL": "info"} if options.verbose else {}
    return level | ({} if options.policy is None else {"ARCHIVE_POLICY": options.policy})


def _bracketed(host: str) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown


def _wait_until_ready(
    layout: Layout, url: str, children: Children, stop: threading.Event
) -> str | None:
    """Return the root's fingerprint once everything answers; None when told to stop."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if stop.is_set():
            return None
        children.require_running()
        if _answers(f"{url}/readyz") and _is_current(layout.storage / "index" / "timestamp"):
            known = json.loads((layout.storage / ".well-known" / "skreg.json").read_bytes())
            return str(known["root_fingerprints"][0])
        stop.wait(0.05)
    raise Unavailable(
        "The registry did not become ready.", fix="Run skreg up --verbose to see why."
    )


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _is_current(timestamp: Path) -> bool:
    """Whether clients would take the timestamp now: after days of rest the worker renews it."""
    try:
        envelope = json.loads(timestamp.read_bytes())
    except FileNotFoundError:
        return False
    payload = json.loads(b64decode(envelope["payload"]))
    return datetime.fromisoformat(payload["expires_at"]) > datetime.now(UTC)


def _tell(options: UpOptions, text: str) -> None:
    """Say how far it is to a person who looks on."""
    if sys.stderr.isatty() and not options.as_json:
        sys.stderr.write(text + "\n")


def _announce(options: UpOptions, layout: Layout, here: str, url: str, fingerprint: str) -> None:
    """Say that it is ready; ``here`` it answers on this machine, at ``url`` people reach it."""
    facts = {"url": url, "root_fingerprint": fingerprint, "data_dir": str(layout.root)}
    facts |= {} if here == url else {"answers_at": here}
    behind = "" if here == url else f", answers at {here}"
    lines = [
        f"skreg is ready at {url}{behind}  (data in {layout.root}; Ctrl-C stops it)",
        f"root {fingerprint}",
        f"skillpkg registry add local {url} --root-fingerprint {fingerprint}",
    ]
    text = json.dumps(facts) if options.as_json else "\n".join(lines)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
