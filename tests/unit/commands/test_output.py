"""What is printed can neither move the cursor nor hide text."""

from __future__ import annotations

import io
import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.commands.progress import Progress
from skillpkg.errors import Check, PublishRejected, SkillpkgError, VerificationRefused
from skillpkg.output import Output, clean, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_cleaned_text_is_one_visible_line(text: str) -> None:
    cleaned = clean(text)
    kinds = {unicodedata.category(c) for c in cleaned}
    assert kinds.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("a\r\nb\tc", "a b c"),
        ("  indented …", "  indented …"),
        ("abc\u202edef", "abcdef"),
        ("a\u200bb\ufeffc\u2066d", "abcd"),
        ("\U000e0041tag", "tag"),
        ("v\ufe0f\U000e0101", "v"),
        ("\x9b31m", "31m"),
        ("Grüße 日本", "Grüße 日本"),
    ],
)
def test_what_is_stripped(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        out = Output(stdout=stream, stderr=stream)
        out.line(("ok", "bold green"), (" plain", ""))
        out.warn("careful")
        out.fail(VerificationRefused(Check.REVOKED, "No.", why="one\ntwo", fix="do"))
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[1;32mok\x1b[0m plain" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    quiet = Terminal()
    Output(stdout=quiet).say("x", "bold")
    assert quiet.getvalue() == "x\n"


def test_an_error_says_what_why_fix_and_check() -> None:
    stream = io.StringIO()
    error = VerificationRefused(Check.REVOKED, "It is \x1brevoked.", why="one\ntwo", fix="do")
    Output(stderr=stream).fail(error)
    assert stream.getvalue() == (
        "error: It is revoked. [revoked]\n  why:   one\n         two\n  fix:   do\n"
    )


def test_json_errors_and_warnings_are_json() -> None:
    stream = io.StringIO()
    out = Output(as_json=True, stderr=stream)
    out.fail(PublishRejected("No.", findings=("a\x1b",)))
    document = json.loads(stream.getvalue())["error"]
    assert document["findings"] == ["a\x1b"]
    assert "\x1b" not in stream.getvalue()
    stream.truncate(0)
    stream.seek(0)
    out.warn("\u202e")
    out.say("not shown")
    out.note("not shown")
    assert json.loads(stream.getvalue()) == {"warning": "\u202e"}


def test_a_terminal_that_cannot_write_it_shows_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(stdout=stream).say("Grüße")
    assert raw.getvalue() == b"Gr\\xfc\\xdfe\n"


def test_tables_align_and_may_be_empty() -> None:
    assert table([("a", "b"), ("long", "c")]) == ["a     b", "long  c"]
    assert table([]) == []


class Plan:
    """Stands for a plan: keeps what `Progress.follow` replaces."""


def test_progress_draws_only_after_a_while_and_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []
    monkeypatch.setattr(Progress, "_draw", lambda self: drawn.append(self))
    for stream in (io.StringIO(), Terminal()):
        with Progress(Output(stderr=stream), "Verifying", delay=0.01):
            time.sleep(0.1)
    assert len(drawn) == 1
    with Progress(Output(stderr=Terminal()), "Verifying", delay=60):
        pass
    assert len(drawn) == 1


def test_progress_counts() -> None:
    progress = Progress(Output(stderr=Terminal()), "Verifying", delay=60)
    with progress:
        progress._start(3)
        progress._draw()
        progress._advance(None)  # type: ignore[arg-type]
        assert progress._bar is not None
        (task,) = progress._bar.tasks
        assert (task.completed, task.total) == (1, 3)
    progress._draw()


def test_what_an_error_without_reasons_prints() -> None:
    stream = io.StringIO()
    Output(stderr=stream, quiet=True).fail(SkillpkgError("No."))
    assert stream.getvalue() == "error: No.\n"
