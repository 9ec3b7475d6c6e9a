"""Rules of the house that no linter holds: file sizes, names that must not appear."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITTEN = {"", ".go", ".md", ".py", ".sh", ".toml", ".yaml", ".yml", ".sql", ".mako"}
# What a program wrote: `make docs`, `make inventory`, and the queue's schema by procrastinate.
GENERATED = re.compile(
    r"^(docs/(API_SPEC|CLI_REFERENCE)\.md"
    r"|tests/infra/inventories/.*|app/src/skreg/db/migrations/sql/0002_queue\.sql)$"
)


def tracked(*suffixes: str) -> list[Path]:
    """Files that git tracks (or would, once added), by suffix."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = (ROOT / line for line in listing.stdout.splitlines())
    return [path for path in names if path.is_file() and (path.suffix in suffixes or not suffixes)]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_that_somebody_wrote_is_over_400_lines() -> None:
    written = [path for path in tracked(*WRITTEN) if not GENERATED.match(named(path))]
    assert {path.suffix for path in written} > {".py", ".go", ".md", ".sql"}
    long = {
        named(path): lines
        for path in written
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def public(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions, classes and methods of a module, as deep as classes go."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If | ast.Try):
            found += public(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        found.append(node)
        found += public(node) if isinstance(node, ast.ClassDef) else []
    return found


def test_every_public_function_is_documented() -> None:
    """By itself, so that no rule switched off for a line or a folder can make an exception."""
    sources = [path for path in tracked(".py") if named(path).split("/")[1:2] == ["src"]]
    bare, every = [], 0
    for path in sources:
        tree = ast.parse(path.read_text("utf-8"))
        nodes = [] if path.parent.name == "versions" else public(tree)
        every += len(nodes)
        bare += [f"{named(path)}:{n.lineno} {n.name}" for n in nodes if not ast.get_docstring(n)]
        if not ast.get_docstring(tree):
            bare.append(named(path))
    assert bare == []
    assert every > 1000


@pytest.mark.parametrize(
    "pattern",
    [r"\bTODO\b", r"\bFIXME\b", r"except Exception:\s*pass", r"NotImplementedError"],
)
def test_nothing_is_left_unfinished(pattern: str) -> None:
    here = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py")
        if path != here
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_no_package_registry_host_is_named() -> None:
    hosts = re.compile(
        "|".join(
            [
                "files.python" + "hosted",
                "pypi" + r"\.org",
                "registry.npm" + "js",
                "proxy" + r"\.golang",
            ]
        )
    )
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in {".png", ".skill"}
        and hosts.search(path.read_text("utf-8", "replace"))
    ]
    assert found == []


def test_every_skip_names_what_is_absent() -> None:
    """A bare skip hides a hole: each must carry a reason."""
    bare = re.compile(r"pytest\.skip\(\s*\)|mark\.skip\s*$|mark\.skip\(\s*\)|mark\.xfail\s*$")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if bare.search(line) and path != Path(__file__)
    ]
    assert found == []
