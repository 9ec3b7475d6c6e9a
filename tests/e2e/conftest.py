"""One published registry for the proofs that need no service, and a person who installs from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.person import Person
from support.published import DAY, PUBLISHED_AT, Published, published


@pytest.fixture(scope="session")
def stopped_registry() -> Published:
    """A registry whose processes have ended; only its files are left."""
    return published()


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody on the day after publication."""
    return Person(tmp_path / "person", PUBLISHED_AT + DAY)
