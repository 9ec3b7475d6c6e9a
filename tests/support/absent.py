"""What a machine lacks: a test skips and names it, except where everything was installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

COMPLETE = "SKREG_TEST_COMPLETE"
"""Set by ``.ci/run`` once all signing and storage stand-ins are there: then none may be missed."""


def absent(reason: str) -> NoReturn:
    """Skip the test by name, or fail it where nothing is absent."""
    if os.environ.get(COMPLETE):
        pytest.fail(f"{reason}, and {COMPLETE} says that all is there")
    pytest.skip(reason)
