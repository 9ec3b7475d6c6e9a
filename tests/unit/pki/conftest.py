"""One PKI for all tests: its parts are immutable."""

from __future__ import annotations

import pytest

from skreg.pki.local import ensure_local_pki
from support.made_pki import NOW, Made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The PKI of one registry."""
    keys, change = ensure_local_pki(tmp_path_factory.mktemp("pki") / "keys", lambda: NOW)
    return Made(keys, change.state, NOW)
