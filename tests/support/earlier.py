"""An earlier release of the registry, from the repository's own history."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_VERSIONS = "app/src/skreg/db/migrations/versions"
_REVISION = re.compile(r"/r(\d{4})_\w+\.py$", re.MULTILINE)


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )
    return done.stdout


def commit_before(revision: str) -> tuple[str, str] | None:
    """Return the newest commit whose schema is older than a revision, and that older head.

    None where the history is not there: a shallow clone, or no repository.
    """
    for commit in _git("rev-list", "HEAD").split():
        found = _REVISION.findall(_git("ls-tree", "-r", "--name-only", commit, "--", _VERSIONS))
        if found and max(found) < revision:
            return commit, max(found)
    return None


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[dict[str, str]]:
    """Put a commit's sources into a folder; yields the environment in which Python takes them."""
    place = folder / f"at-{commit[:12]}"
    subprocess.run(
        ["git", "-C", str(ROOT), "worktree", "add", "--detach", str(place), commit],
        capture_output=True,
        check=True,
    )
    try:
        yield {"PYTHONPATH": f"{place}/app/src:{place}/cli/src"}
    finally:
        _git("worktree", "remove", "--force", str(place))
