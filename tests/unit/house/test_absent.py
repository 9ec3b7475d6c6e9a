"""Nothing is skipped where everything was installed."""

from __future__ import annotations

import pytest

from support.absent import COMPLETE, absent


def test_what_is_absent_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COMPLETE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="SoftHSM2"):
        absent("SoftHSM2 is not installed")


def test_where_all_is_there_a_skip_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPLETE, "1")
    with pytest.raises(pytest.fail.Exception, match="SoftHSM2 is not installed, and"):
        absent("SoftHSM2 is not installed")
