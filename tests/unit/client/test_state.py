"""The memory of a registry on disk: durable, merged, compared and swapped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skillpkg.client.state import DiskState, MemoryMoved
from skillpkg.errors import SkillpkgError
from skillpkg.install.ports import RememberedCrl, RememberedIndex

T1 = datetime(2026, 1, 1, tzinfo=UTC)
T2 = T1 + timedelta(days=1)
ORIGIN = "skreg-0123456789abcdef/1"


def note(size: int) -> bytes:
    return f"{ORIGIN}\n{size}\nroot\n\n- sig\n".encode()


def test_facts_are_there_in_the_next_run(tmp_path: Path) -> None:
    state = DiskState(tmp_path)
    assert (state.issued_at(), state.bundle_version(), state.index("a/b")) == (None, 0, None)
    state.remember_issued_at(T1)
    state.remember_bundle_version(3)
    state.remember_index("a/b", RememberedIndex(2, "ff"))
    assert state.index("a/b") == RememberedIndex(2, "ff")
    assert state.bundle_version() == 3
    state.commit()
    again = DiskState(tmp_path)
    assert (again.issued_at(), again.bundle_version()) == (T1, 3)
    assert again.index("a/b") == RememberedIndex(2, "ff")


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    DiskState(tmp_path).commit()
    assert list(tmp_path.iterdir()) == []
    state = DiskState(tmp_path)
    state.remember_issued_at(T1)
    state.commit()
    before = (tmp_path / "memory.json").stat().st_ino
    state.remember_issued_at(T1)
    state.commit()
    assert (tmp_path / "memory.json").stat().st_ino == before


def test_two_runs_at_once_keep_the_newer_of_each(tmp_path: Path) -> None:
    one, two = DiskState(tmp_path), DiskState(tmp_path)
    one.remember_issued_at(T2)
    one.remember_index("a/b", RememberedIndex(1, "old"))
    one.remember_index("a/c", RememberedIndex(9, "c"))
    two.remember_issued_at(T1)
    two.remember_index("a/b", RememberedIndex(2, "new"))
    two.commit()
    one.commit()
    seen = DiskState(tmp_path)
    assert seen.issued_at() == T2
    assert seen.index("a/b") == RememberedIndex(2, "new")
    assert seen.index("a/c") == RememberedIndex(9, "c")


def test_a_checkpoint_only_grows(tmp_path: Path) -> None:
    state = DiskState(tmp_path)
    assert state.checkpoint(ORIGIN) is None
    state.remember_checkpoint(ORIGIN, 5, note(5))
    state.remember_checkpoint(ORIGIN, 4, note(4))
    assert DiskState(tmp_path).checkpoint(ORIGIN) == note(5)


def test_a_checkpoint_is_not_swapped_under_another_run(tmp_path: Path) -> None:
    one, two = DiskState(tmp_path), DiskState(tmp_path)
    assert one.checkpoint(ORIGIN) is two.checkpoint(ORIGIN) is None
    two.remember_checkpoint(ORIGIN, 6, note(6))
    with pytest.raises(MemoryMoved):
        one.remember_checkpoint(ORIGIN, 7, note(7))
    assert one.checkpoint(ORIGIN) == note(6)
    one.remember_checkpoint(ORIGIN, 7, note(7))


def test_crls_are_kept_by_number(tmp_path: Path) -> None:
    state = DiskState(tmp_path)
    assert state.crl("ca") is None
    for number in (3, 2, 4, 4):
        state.remember_crl("ca", RememberedCrl(number, T1, bytes([number])))
        kept = DiskState(tmp_path).crl("ca")
        assert kept is not None
        assert kept.number == max(3, number)
    assert kept == RememberedCrl(4, T1, b"\x04")


def test_both_notes_of_a_fork_are_kept(tmp_path: Path) -> None:
    where = Path(DiskState(tmp_path).keep_fork(ORIGIN, note(5), note(6)))
    assert (where / "ours.note").read_bytes() == note(5)
    assert (where / "theirs.note").read_bytes() == note(6)
    assert where.is_relative_to(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"issued_at":1}'])
def test_a_damaged_memory_is_said_and_not_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "memory.json").write_text(text)
    with pytest.raises(SkillpkgError, match="cannot be read"):
        DiskState(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", '{"number":1,"fetched_at":"x"}'])
def test_a_damaged_crl_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "crl").mkdir()
    (tmp_path / "crl/ca.json").write_text(text)
    with pytest.raises(SkillpkgError, match="cannot be read"):
        DiskState(tmp_path).crl("ca")
