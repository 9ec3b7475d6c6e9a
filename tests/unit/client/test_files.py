"""Atomic files, locks and folders opened step by step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillpkg.client import files
from skillpkg.errors import InstallFailed
from skillpkg.install.folders import open_folder, remove_tree


def test_home_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLPKG_HOME", str(tmp_path))
    assert files.home() == tmp_path
    monkeypatch.delenv("SKILLPKG_HOME")
    monkeypatch.setenv("HOME", "/somewhere")
    assert files.home() == Path("/somewhere/.skillpkg")


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "deep/file"
    files.write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.write_atomically(path, b"new")
    assert [p.name for p in path.parent.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        files.locked(path),
        pytest.raises(InstallFailed, match="Another skillpkg"),
        files.locked(path, seconds=0.05),
    ):
        pass
    with files.locked(path, seconds=0.05):
        pass


def test_a_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="lock"), files.locked(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("planted", ["link", "file"])
def test_a_folder_is_not_opened_through_what_was_planted(tmp_path: Path, planted: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    if planted == "link":
        (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / "a").write_text("")
    with pytest.raises(InstallFailed, match="not a folder"), open_folder(tmp_path, "a", "b"):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_root_that_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    with open_folder(tmp_path / "root", "a") as folder:
        assert folder.names() == []
    with (
        pytest.raises(InstallFailed),
        open_folder(tmp_path / "root", follow_root=False),
    ):
        pass


def test_kinds_and_removal(tmp_path: Path) -> None:
    (tmp_path / "folder/in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "file").write_text("")
    with open_folder(tmp_path) as folder:
        kinds = [folder.kind(name) for name in ("folder", "link", "file", "gone")]
        assert kinds == ["folder", "link", "other", "absent"]
        for name in ("link", "file", "gone", "folder"):
            remove_tree(folder, name)
        assert folder.names() == []


def test_a_folder_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with open_folder(tmp_path, "a") as folder:
        folder.still_here()
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "a").mkdir()
        with pytest.raises(InstallFailed, match="was replaced"):
            folder.still_here()
