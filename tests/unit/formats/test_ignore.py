from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillpkg.archive.ignore import Ignore
from skillpkg.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("*.log", "a.log d/a.log", "a.logs a.log/x"),
        ("/a.log", "a.log", "d/a.log"),
        ("build/", "build/ d/build/", "build"),
        ("docs/*.tmp", "docs/a.tmp", "docs/d/a.tmp x/docs/a.tmp"),
        ("**/cache", "cache a/cache a/b/cache", "cached"),
        ("docs/**", "docs/a docs/a/b", "docs a/docs/b"),
        ("a/**/b", "a/b a/x/b a/x/y/b", "ab a/xb"),
        ("a?c", "abc", "ac a/c"),
        ("[a-c]x", "ax bx", "dx"),
        ("[!a]x", "bx", "ax"),
        ("[]]x", "]x", "ax"),
        ("[a", "[a", "a"),
        ("\\#a", "#a", "a"),
        ("\\!a", "!a", "a"),
        ("a\\*", "a*", "ab"),
        ("a.b", "a.b", "axb"),
        ("a*b", "ab axxb", "a/b"),
    ],
)
def test_patterns_mean_what_git_says(pattern: str, inside: str, outside: str) -> None:
    ignore = Ignore.parse([pattern])

    def matches(path: str) -> bool:
        return ignore.matches(path.rstrip("/"), is_folder=path.endswith("/"))

    assert [p for p in inside.split() if not matches(p)] == []
    assert [p for p in outside.split() if matches(p)] == []


def test_the_last_match_wins_and_comments_say_nothing() -> None:
    ignore = Ignore.parse(["# text", "", "   ", "*.md", "!a.md\r\n", "b.md  "])
    assert not ignore.matches("a.md", is_folder=False)
    assert ignore.matches("b.md", is_folder=False)
    assert not Ignore.parse([]).matches("a", is_folder=False)


@given(st.lists(st.text("ab*?[]!/\\-#. ", max_size=8), max_size=3))
def test_any_pattern_is_read_or_refused(lines: list[str]) -> None:
    try:
        ignore = Ignore.parse(lines)
    except UsageError:
        return
    assert ignore.matches("a/b", is_folder=False) in (True, False)


@settings(max_examples=15, deadline=None)
@given(st.text("ab*?/.", min_size=1, max_size=6).filter(lambda t: t.strip("/")))
def test_git_agrees(tmp_path_factory: pytest.TempPathFactory, pattern: str) -> None:
    root: Path = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".git" / "info" / "exclude").write_text("")
    (root / ".gitignore").write_text(pattern + "\n")
    paths = ["a", "b", "ab", "a.b", "b.a", "aab"]
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    ignore = Ignore.parse([pattern])
    assert [p for p in paths if ignore.matches(p, is_folder=False)] == done.stdout.split()
