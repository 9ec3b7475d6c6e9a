"""docs/API_SPEC.md is what the OpenAPI document says, and its examples are what a registry does."""

from __future__ import annotations

from pathlib import Path

from support import api_reference, api_story


def test_every_route_has_an_example_and_every_example_a_route() -> None:
    document = {name for name, _ in api_reference.routes(api_reference.document())}
    examples = {call.call for call in api_story.story() if not call.quiet}
    assert document == examples, "write a call for it into tests/support/api_story.yaml"


def test_the_page_is_up_to_date() -> None:
    page = api_reference.page(api_reference.document(), api_reference.answers())
    assert api_reference.PAGE.read_text("utf-8") == page, "run: make docs"


def test_the_story_ends_as_the_page_tells(tmp_path: Path) -> None:
    found = api_story.plain(api_story.told(tmp_path))
    assert found == api_reference.answers(), "run: make docs"
