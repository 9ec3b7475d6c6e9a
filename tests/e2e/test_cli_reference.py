"""docs/CLI_REFERENCE.md is what the programs say of themselves."""

from __future__ import annotations

from support import cli_reference


def test_the_command_reference_is_up_to_date() -> None:
    assert cli_reference.PAGE.read_text("utf-8") == cli_reference.page(), "run: make docs"
