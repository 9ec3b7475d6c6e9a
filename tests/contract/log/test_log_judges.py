"""Judges from outside: Go's checksum-database code and Tessera's fsck read what we publish.

Both are built from pinned modules; a machine without Go, or without a way to them, skips by name.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skillpkg.crypto import note
from skreg.adapters.blobs import open_blob_store
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.publish.log.sequencer import LogKeys, integrate
from skreg.signing import VerifiedSigner

HERE = Path(__file__).parent
ORIGIN = "skreg-0123456789abcdef/1"
FSCK = "github.com/transparency-dev/tessera/cmd/fsck"


def go_build(module: Path, package: str, binary: Path) -> Path:
    if shutil.which("go") is None:
        pytest.skip("go is not on PATH: the Go judges of the log did not run")
    got = subprocess.run(["go", "mod", "download"], cwd=module, capture_output=True, timeout=240)
    if got.returncode:
        pytest.skip("the Go modules of the log's judges cannot be downloaded")
    command = ["go", "build", "-o", str(binary), package]
    subprocess.run(command, cwd=module, check=True, timeout=240)
    return binary


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_build(HERE / "go", ".", tmp_path_factory.mktemp("judge") / "judge")


@pytest.fixture(scope="module")
def fsck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_build(HERE / "fsck", FSCK, tmp_path_factory.mktemp("fsck") / "fsck")


@dataclass(frozen=True)
class PublishedLog:
    """A log on disk, grown over an older checkpoint, with its verifier key."""

    folder: Path
    older: Path
    vkey: str


async def entries_from(start: int, end: int) -> list[bytes]:
    return [b'{"entry":%d}' % i for i in range(start, end)]


async def published(root: Path, sizes: list[int]) -> PublishedLog:
    create_key_file(root / "log.pem")
    signer = VerifiedSigner(open_key((root / "log.pem").as_uri()))
    keys = LogKeys(ORIGIN, signer, Ed25519PrivateKey.generate())
    blobs = open_blob_store((root / "store").as_uri())
    older = root / "older"
    for size in sizes:
        older.write_bytes(await integrate(blobs, keys, entries_from, size))
        if size == sizes[0]:
            (root / "first").write_bytes(older.read_bytes())
    vkey = note.vkey_ecdsa(ORIGIN, signer.spki())
    return PublishedLog(root / "store" / "log", root / "first", vkey)


def run(judge: Path, log: PublishedLog) -> subprocess.CompletedProcess[str]:
    command = [str(judge), str(log.folder), ORIGIN, log.vkey, str(log.older)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("sizes", [[1], [255, 256], [1, 257, 900], [300, 65_540]])
async def test_go_opens_the_checkpoint_and_checks_both_proofs(
    judge: Path, tmp_path: Path, sizes: list[int]
) -> None:
    verdict = run(judge, await published(tmp_path, sizes))
    assert verdict.returncode == 0, verdict.stderr
    assert verdict.stdout.startswith(f"size {sizes[-1]}, ")


async def test_go_refuses_a_tile_that_was_changed(judge: Path, tmp_path: Path) -> None:
    log = await published(tmp_path, [300, 700])
    tile = log.folder / "tile" / "0" / "001"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    assert run(judge, log).returncode != 0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address on loopback where the files under tmp_path are."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run_fsck(binary: Path, address: str, vkey_file: Path, seconds: float) -> str:
    """Return what fsck said; it answers 0 whatever it finds, and tries a bad tile for ever."""
    command = [
        str(binary),
        f"--storage_url={address}/store/log/",
        f"--public_key={vkey_file}",
        "--ui=false",
        "-v=1",
        "--N=4",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    return done.stderr + ("fsck failed" if done.returncode else "")


@pytest.mark.parametrize("sizes", [[1], [256], [300, 2000]])
async def test_tesseras_fsck_finds_no_fault(
    fsck: Path, tmp_path: Path, served: str, sizes: list[int]
) -> None:
    log = await published(tmp_path, sizes)
    vkey = tmp_path / "vkey"
    vkey.write_text(log.vkey, "utf-8")
    said = run_fsck(fsck, served, vkey, 60)
    assert "Completed ranges" in said
    assert "fsck failed" not in said


async def test_tesseras_fsck_does_not_pass_a_changed_entry(
    fsck: Path, tmp_path: Path, served: str
) -> None:
    log = await published(tmp_path, [300])
    bundle = log.folder / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b'{"entry":7}', b'{"entry":8}'))
    vkey = tmp_path / "vkey"
    vkey.write_text(log.vkey, "utf-8")
    said = run_fsck(fsck, served, vkey, 5)
    assert said == "timeout" or "fsck failed" in said
