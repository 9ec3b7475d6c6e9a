"""The scanner's port over a real clamd, and over servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from skillpkg.archive.pack import pack_folder
from skreg.adapters.scanners import SCANNERS, open_scanner
from skreg.adapters.scanners.clamd import ClamdScanner
from skreg.errors import ConfigurationInvalid, ScannerUnavailable, Unscannable
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Severity, Verdict
from skreg.publish.vet.stages import vet
from support import clamd as real
from support.tools import free_port

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
needs_clamd = pytest.mark.skipif(real.program() is None, reason="clamd is not installed")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Clamd]:
    with real.clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@needs_clamd
@pytest.mark.parametrize("way", ["tcp", "unix"])
async def test_what_a_signature_knows_is_found(clamd: real.Clamd, way: str) -> None:
    place = f"127.0.0.1:{clamd.port}" if way == "tcp" else f"{clamd.socket}"
    scanner = open_scanner(f"clamd://{place}")
    assert await scanner.scan(b"# A skill\n") is None
    assert await scanner.scan(b"") is None
    assert await scanner.scan(b"x" * 700_000 + real.EVIL) == "Skreg.Test.UNOFFICIAL"


@needs_clamd
async def test_a_file_over_clamds_limit_is_not_taken_for_clean(clamd: real.Clamd) -> None:
    scanner = open_scanner(f"clamd://127.0.0.1:{clamd.port}")
    with pytest.raises(Unscannable, match="size"):
        await scanner.scan(b"x" * (real.LARGEST * 8))


@needs_clamd
async def test_many_files_are_scanned_at_the_same_time(clamd: real.Clamd) -> None:
    scanner = open_scanner(f"clamd://{clamd.socket}")
    found = await asyncio.gather(
        *(scanner.scan(real.EVIL if index % 2 else b"fine") for index in range(20))
    )
    assert [one is not None for one in found] == [bool(index % 2) for index in range(20)]


@needs_clamd
async def test_a_version_with_malware_is_rejected_by_file_and_signature(
    clamd: real.Clamd, tmp_path: Path
) -> None:
    scanner = open_scanner(f"clamd://{clamd.socket}")
    report = await vet(replace(skill(tmp_path, real.EVIL), scanner=scanner))
    assert report.verdict is Verdict.REJECTED
    assert [(one.rule, one.path) for one in report.findings] == [("malware", "notes/more.txt")]
    assert "Skreg.Test" in report.findings[0].message
    clean = await vet(replace(skill(tmp_path, b"fine"), scanner=scanner))
    assert clean.verdict is Verdict.PASSED


@needs_clamd
async def test_what_was_not_scanned_waits_for_a_person(clamd: real.Clamd, tmp_path: Path) -> None:
    scanner = open_scanner(f"clamd://{clamd.socket}")
    large = bytes(real.LARGEST * 8)
    report = await vet(replace(skill(tmp_path, large), scanner=scanner))
    assert report.verdict is Verdict.QUARANTINED
    assert [(one.rule, one.severity) for one in report.findings] == [
        ("unscanned", Severity.WARNING)
    ]


def skill(folder: Path, content: bytes) -> Candidate:
    (folder / "notes").mkdir(exist_ok=True)
    (folder / "notes/more.txt").write_bytes(content)
    text = (
        "---\nname: demo\ndescription: Checks a deployment and says what is wrong.\n---\n# Demo\n"
    )
    (folder / "SKILL.md").write_text(text, "utf-8")
    packed = pack_folder(folder, namespace="acme", name="demo", version="1.0.0")
    return Candidate(packed.archive, "acme", "demo", "1.0.0", packed.sha256)


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def says(text: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"zINSTREAM\0")
        writer.write(text)
        await writer.drain()

    return answer


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"stream: OK",
        b"stream: OK or so\0",
        b"Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"\xff\0",
        b"stream: " + b"x" * 100_000 + b" FOUND\0",
    ],
)
async def test_an_answer_that_is_not_clamds_passes_nothing(text: bytes) -> None:
    async with server(says(text)) as port:
        with pytest.raises(ScannerUnavailable, match=str(port)):
            await ClamdScanner("127.0.0.1", port).scan(b"data")


async def test_the_documented_answers_are_read() -> None:
    async with server(says(b"stream: OK\0")) as port:
        assert await ClamdScanner("127.0.0.1", port).scan(b"data") is None
    async with server(says(b"stream: Some.Name-1 FOUND\0")) as port:
        assert await ClamdScanner("127.0.0.1", port).scan(b"data" * 100_000) == "Some.Name-1"


async def test_a_scanner_that_is_silent_or_absent_is_unavailable() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(silence) as port:
        with pytest.raises(ScannerUnavailable, match="waits until then"):
            await ClamdScanner("127.0.0.1", port, patience=0.1).scan(b"data")
    with pytest.raises(ScannerUnavailable, match="Start it"):
        await ClamdScanner("127.0.0.1", free_port()).scan(b"data")
    with pytest.raises(ScannerUnavailable):
        await ClamdScanner(path="/nowhere/clamd.ctl").scan(b"data")


async def test_no_scanner_finds_nothing() -> None:
    assert await open_scanner("none:").scan(real.EVIL) is None


@pytest.mark.parametrize(
    "url", ["", "clamav://host", "clamd://", "clamd:///", "clamd://host/path", "clamd://h:port"]
)
def test_a_url_that_names_no_scanner_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="SCANNER_URL"):
        open_scanner(url)


def test_every_scheme_has_its_module() -> None:
    assert set(SCANNERS) == {"clamd", "none"}
    assert open_scanner("clamd://clamav") is not None
