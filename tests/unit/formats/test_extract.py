from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.attacks.archives import shapes

from skillpkg.archive.extract import extract
from skillpkg.archive.reader import Archive, read_archive
from skillpkg.errors import InstallFailed


def archive(files: dict[str, bytes] | None = None) -> Archive:
    return read_archive(shapes.archive(shapes.blocks_of(shapes.FILES | (files or {}))))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_and_modes_are_the_archives_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        extract(archive({"a/b/c/d.md": b"d", "a/b2.md": b"", "a-b/x": b"x"}), tmp_path / "new")
    finally:
        os.umask(before)
    found = {p.relative_to(tmp_path / "new").as_posix(): p for p in (tmp_path / "new").rglob("*")}
    files = {path: p.read_bytes() for path, p in found.items() if p.is_file()}
    assert files.pop("manifest.json")
    assert files == shapes.FILES | {"a/b/c/d.md": b"d", "a/b2.md": b"", "a-b/x": b"x"}
    modes = {path: stat.S_IMODE(p.stat().st_mode) for path, p in found.items()}
    assert (modes["scripts/run.sh"], modes["SKILL.md"], modes["a/b"]) == (0o755, 0o644, 0o755)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o755


def test_a_destination_that_exists_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "file").write_text("x")
    for name in ("outside", "link", "dangling", "file", "no/parent"):
        with pytest.raises(InstallFailed):
            extract(archive(), tmp_path / name)
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "gone").exists()


def planting(real: object, plant: object) -> object:
    """``os.mkdir`` by which somebody else's file appears in the new folder."""

    def mkdir(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(path, mode, dir_fd=dir_fd)  # type: ignore[operator]
        plant()  # type: ignore[operator]

    return mkdir


def test_a_file_or_link_planted_while_writing_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, outside = tmp_path / "new", tmp_path / "outside"
    outside.mkdir()

    def plant() -> None:
        if not (new / "SKILL.md").is_symlink():
            (new / "SKILL.md").symlink_to(outside / "evil")
            (new / "scripts").symlink_to(outside)

    monkeypatch.setattr(os, "mkdir", planting(os.mkdir, plant))
    with pytest.raises(InstallFailed):
        extract(archive(), new)
    assert list(outside.iterdir()) == []


def test_everything_is_synced_unless_the_caller_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_ino), real(fd))[1])
    many = archive({f"n/{number:03}": b"x" for number in range(150)})
    extract(many, tmp_path / "durable")
    inodes = {p.stat().st_ino for p in (tmp_path / "durable").rglob("*")}
    assert set(synced) == inodes | {(tmp_path / "durable").stat().st_ino}
    synced.clear()
    extract(many, tmp_path / "quick", durable=False)
    assert synced == []


def test_no_descriptor_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list descriptors")
    before = len(list(descriptors.iterdir()))
    extract(archive({"a/b/c": b"x"}), tmp_path / "one")
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", failing_write)
        with pytest.raises(InstallFailed, match="No space"):
            extract(archive({"a/b/c": b"x"}), tmp_path / "two")
    assert len(list(descriptors.iterdir())) == before


def failing_write(_descriptor: int, _data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
    extract(archive({"big.md": b"0123456789" * 50}), tmp_path / "new")
    assert (tmp_path / "new" / "big.md").read_bytes() == b"0123456789" * 50
