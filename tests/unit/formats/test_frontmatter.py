from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.archive.frontmatter import Frontmatter, parse_frontmatter
from skillpkg.archive.skill_yaml import SkillYaml
from skillpkg.errors import ArchiveInvalid

DESCRIPTION = "description: Greets people politely.\n"
NAME = "name: greeter\n"


def parse(block: str, end: str = "---\nbody\n") -> Frontmatter:
    return parse_frontmatter(f"---\n{block}{end}".encode())


def refusal(data: bytes) -> ArchiveInvalid:
    with pytest.raises(ArchiveInvalid) as refused:
        parse_frontmatter(data, suggested_name="greeter")
    assert refused.value.path == "SKILL.md"
    assert refused.value.fix
    return refused.value


def test_the_keys_of_the_specification_are_read() -> None:
    skill = parse(
        NAME + DESCRIPTION + "license: MIT\ncompatibility: Needs git.\n"
        "allowed-tools: Bash(git add:*), Read Write\nmetadata:\n  author: acme\n"
    )
    assert (skill.name, skill.description) == ("greeter", "Greets people politely.")
    assert (skill.license, skill.compatibility) == ("MIT", "Needs git.")
    assert skill.allowed_tools == ("Bash(git add:*)", "Read", "Write")
    assert (skill.metadata, skill.extra, skill.reports) == ({"author": "acme"}, {}, ())


def test_unknown_keys_and_rich_metadata_are_kept_and_reported() -> None:
    skill = parse(
        NAME + DESCRIPTION + "triggers: [a, b]\nuser-invocable: true\nreleased: 2026-01-02\n"
        "allowed-tools: [Read, Read]\nmetadata:\n  list: [1, 2.5]\n  deep: {a: null}\n  text: x\n"
    )
    assert skill.extra == {"triggers": ["a", "b"], "user-invocable": True, "released": "2026-01-02"}
    assert skill.metadata == {"list": [1, 2.5], "deep": {"a": None}, "text": "x"}
    assert skill.allowed_tools == ("Read",)
    said = "\n".join(skill.reports)
    for part in (
        "'triggers'",
        "'user-invocable'",
        "metadata.list",
        "metadata.deep",
        "allowed-tools",
    ):
        assert part in said
    assert "metadata.text" not in said


def test_metadata_of_another_shape_is_reported() -> None:
    assert any("no mapping" in line for line in parse(NAME + DESCRIPTION + "metadata: x\n").reports)


def test_windows_line_ends_and_folded_text_are_read() -> None:
    data = (
        b"---\r\nname: greeter\r\ndescription: >\r\n  Greets people\r\n  politely.\r\n---\r\nbody"
    )
    assert parse_frontmatter(data).description == "Greets people politely."


def test_a_file_without_frontmatter_is_shown_what_to_write() -> None:
    for data in (b"", b"# Greeter\n", b"\n---\n"):
        error = refusal(data)
        assert error.rule == "frontmatter-missing"
        assert "name: greeter" in error.fix


@pytest.mark.parametrize(
    ("block", "rule", "line", "mend"),
    [
        (DESCRIPTION, "frontmatter-name", 2, "name: greeter"),
        (DESCRIPTION + "name: My Skill\n", "frontmatter-name", 3, "name: my-skill"),
        (DESCRIPTION + "name: -a\n", "frontmatter-name", 3, "name: a"),
        (DESCRIPTION + "name: 123\n", "frontmatter-name", 3, "name: 123"),
        (DESCRIPTION + "name: '***'\n", "frontmatter-name", 3, "name: greeter"),
        (NAME, "frontmatter-description", 2, "when an agent"),
        (NAME + "description: Short.\n", "frontmatter-description", 3, "when an agent"),
        (NAME + "description: '     a     '\n", "frontmatter-description", 3, "when an agent"),
        (NAME + "description: [a]\n", "frontmatter-description", 3, "quotes"),
        (NAME + DESCRIPTION + "license: 5\n", "frontmatter-field", 4, "quotes"),
        (NAME + "description: Use: it.\n", "yaml-colon", 3, 'description: "Use: it."'),
        (NAME + 'description: Say "a": always.\n', "yaml-colon", 3, r'"Say \"a\": always."'),
        (NAME + "description: [a\n", "yaml-syntax", 3, "quote"),
        (NAME + "\tx: 1\n", "yaml-syntax", 3, "quote"),
        (NAME + DESCRIPTION + "x: \x07\n", "yaml-syntax", 4, "quote"),
        (NAME + DESCRIPTION + NAME, "yaml-duplicate-key", 4, "Keep one"),
        (NAME + DESCRIPTION + "a: {b: 1, b: 2}\n", "yaml-duplicate-key", 4, "Keep one"),
        (NAME + DESCRIPTION + "a: &x 1\nb: *x\n", "yaml-anchor", 4, "Write it out"),
        (NAME + DESCRIPTION + "a: *x\n", "yaml-anchor", 4, "Write it out"),
        (NAME + DESCRIPTION + "a: {<<: {b: 1}}\n", "yaml-anchor", 4, "Write it out"),
        (NAME + DESCRIPTION + "a: !!python/object/apply:os.system [id]\n", "yaml-tag", 4, "Quote"),
        (NAME + DESCRIPTION + "a: !!binary aGk=\n", "yaml-tag", 4, "Quote"),
        (NAME + DESCRIPTION + "a: !x 1\n", "yaml-tag", 4, "Quote"),
        (NAME + DESCRIPTION + "? [a]\n: 1\n", "yaml-shape", 4, "key: value"),
        ("- a\n", "yaml-shape", 2, "key: value"),
        (NAME + DESCRIPTION + "a: " + "[" * 40 + "]" * 40 + "\n", "yaml-too-deep", 4, "Flatten"),
        (NAME + DESCRIPTION + "<<: 1\n", "yaml-anchor", 4, "Write it out"),
        (NAME + DESCRIPTION + "a: <<\n", "yaml-tag", 4, "Quote"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_line_and_mend(block: str, rule: str, line: int, mend: str) -> None:
    error = refusal(f"---\n{block}---\n".encode())
    assert error.rule == rule
    assert f"line {line}:" in error.what
    assert mend in error.fix


def test_a_document_of_several_is_refused() -> None:
    assert refusal(f"---\n{NAME}{DESCRIPTION}...\nx: 1\n---\n".encode()).rule == "yaml-syntax"


def test_a_million_characters_are_refused_before_yaml_reads_them() -> None:
    data = f"---\n{NAME}description: {'x' * 1_000_000}\n---\n".encode()
    assert refusal(data).rule == "yaml-too-large"
    assert refusal(f"---\n{NAME}description: {'x' * 2000}\n---\n".encode() + b"x").rule == (
        "frontmatter-description"
    )


def test_a_laughing_document_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    error = refusal(f"---\n{NAME}{DESCRIPTION}{chr(10).join(lines)}\n---\n".encode())
    assert (error.rule, "line 4:" in error.what) == ("yaml-anchor", True)


def test_bom_encoding_and_missing_end_are_named() -> None:
    assert refusal(b"\xef\xbb\xbf---\n").rule == "frontmatter-bom"
    error = refusal(b"---\nname: x\ndescription: caf\xe9\n---\n")
    assert (error.rule, "line 3:" in error.what) == ("frontmatter-encoding", True)
    assert refusal(f"---\n{NAME}".encode()).rule == "frontmatter-unclosed"


def test_scalars_that_json_cannot_carry_stay_as_written() -> None:
    skill = parse(
        NAME
        + DESCRIPTION
        + f"a: .nan\nb: {'9' * 5000}\nc: 9007199254740993\nd: 1.5\ne: yes\nf: '='\ng: =\nh: ~\n"
    )
    assert skill.extra == {
        "a": ".nan", "b": "9" * 5000, "c": "9007199254740993", "d": 1.5, "e": True, "f": "=",
        "g": "=", "h": None,
    }  # fmt: skip


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for whole in (data, b"---\n" + data + b"\n---\n"):
        with contextlib.suppress(ArchiveInvalid):
            assert parse_frontmatter(whole).name


@given(st.text(alphabet="ab: -[]{}&*!|>'\"#\n,?%@`~", max_size=80))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ArchiveInvalid):
        assert isinstance(SkillYaml.parse(text.encode()).keys, dict)


def test_skill_yaml_says_what_nobody_reads_and_must_be_utf8() -> None:
    assert SkillYaml.parse(b"version: 1.0.0\ncolour: red\n").reports != ()
    assert SkillYaml.parse(b"").keys == {}
    with pytest.raises(ArchiveInvalid) as refused:
        SkillYaml.parse(b"\xff")
    assert refused.value.path == "skill.yaml"
