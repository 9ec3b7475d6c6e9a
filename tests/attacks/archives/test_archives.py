"""Every attack archive is refused by the rule made for it; the archive they vary is accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.attacks.archives import shapes
from tests.attacks.archives.corpus import cases

from skillpkg.archive.reader import read_archive
from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

CASES = cases()


def test_the_archive_that_the_attacks_vary_is_accepted() -> None:
    archive = read_archive(shapes.valid())
    assert {m.path: m.data for m in archive.members if m.path != "manifest.json"} == shapes.FILES
    assert archive.skill.name == "demo"


@pytest.mark.parametrize(("build", "rule"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_an_attack_archive_is_refused_by_its_rule(build: Callable[[], bytes], rule: str) -> None:
    with pytest.raises(ArchiveInvalid) as refused:
        read_archive(build())
    assert refused.value.rule == rule
    assert str(refused.value).isprintable() or "\n" in str(refused.value)


def test_attacks_have_their_own_names_and_rules_that_exist() -> None:
    names = [name for name, _, _ in CASES]
    assert len(set(names)) == len(names) >= 69
    assert {rule for _, _, rule in CASES} <= set(Rule)


def test_no_message_carries_a_control_character_to_the_terminal() -> None:
    for _, build, _ in CASES:
        with pytest.raises(ArchiveInvalid) as refused:
            read_archive(build())
        assert str(refused.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("path", ["run.py", "data.csv", "scripts/run"])
def test_policy_strict_takes_markdown_and_json_only(path: str) -> None:
    files = {"SKILL.md": shapes.SKILL, path: b"x"}
    data = shapes.archive(shapes.blocks_of(files))
    assert read_archive(data).file(path) == b"x"
    with pytest.raises(ArchiveInvalid) as refused:
        read_archive(data, policy="strict")
    assert (refused.value.rule, refused.value.path) == ("file-type", path)


def test_policy_strict_takes_five_megabytes() -> None:
    with pytest.raises(ArchiveInvalid) as refused:
        read_archive(bytes(5 * 1024 * 1024 + 1), policy="strict")
    assert refused.value.rule == "archive-too-large"
