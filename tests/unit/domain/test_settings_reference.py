"""docs/SETTINGS.md names every variable of every role, as the code has them."""

from __future__ import annotations

from support import settings_reference


def test_the_page_is_up_to_date() -> None:
    page = settings_reference.PAGE.read_text("utf-8")
    assert page == settings_reference.page(), "run: make docs"


def test_every_field_of_every_role_is_on_it() -> None:
    page = settings_reference.page()
    fields = {name for role in settings_reference.ROLES.values() for name in role.model_fields}
    assert [name for name in sorted(fields) if f"| `{name.upper()}` |" not in page] == []
