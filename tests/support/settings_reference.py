"""Writes docs/SETTINGS.md from ``skreg.settings``; a test holds them equal.

Run as ``python -m tests.support.settings_reference`` (``make docs`` does).
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from skreg import settings

PAGE = Path(__file__).parents[2] / "docs" / "SETTINGS.md"
HEADER = """# Settings

Every environment variable of the registry's processes, from the code that reads them (`make docs`
writes this page). `skreg up` decides where its parts and keys are, and takes the others from
`settings.env` in its data folder; what infrastructure sets is shown by `make plan`. A process names
all mistakes of its environment at once and does not start.
"""
ROLES = {
    "Every role": settings.Settings,
    "`skreg api` and `skreg worker`": settings.StorageSettings,
    "`skreg api`": settings.ApiSettings,
    "`skreg worker`": settings.WorkerSettings,
}


def page() -> str:
    return HEADER + "".join(_section(title, role) for title, role in ROLES.items())


def _section(title: str, role: type[settings.Settings]) -> str:
    told = dict(_docstrings(role))
    rows = [
        f"| `{name.upper()}` | {_default(role.model_fields[name])} | {text} |"
        for name, text in told.items()
    ]
    return "\n".join(
        ["", f"## {title}", "", "| variable | default | what |", "|---|---|---|", *rows, ""]
    )


def _docstrings(role: type[settings.Settings]) -> Iterator[tuple[str, str]]:
    """Yield the fields that the class itself declares, with the text that stands below each."""
    (tree,) = ast.parse(inspect.getsource(role)).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            assert isinstance(below, ast.Expr), f"{field.target.id} has no docstring"
            assert isinstance(below.value, ast.Constant), field.target.id
            yield field.target.id, _line(str(below.value.value))


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("``", "`").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        value = str(value).lower()
    return "" if value in (None, "", ()) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
