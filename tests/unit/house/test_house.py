"""Rules of the house that no linter holds: file sizes, names that must not appear."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GENERATED = re.compile(r"^(requirements\.lock|tests/infra/inventories/|docs/API_SPEC\.md)")


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


def test_no_source_file_is_over_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(".py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


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
