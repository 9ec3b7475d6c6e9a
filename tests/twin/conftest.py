"""The twins of the AWS stack: on loopback alone, and skipped by name where a part is absent."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from support.twin_postgres import why_not


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:pulumi_aws.*")


@pytest.fixture(scope="session", autouse=True)
def _whole() -> None:
    absent = why_not() or next(
        (f"{name} is absent" for name in ("moto", "pulumi_aws", "skreg") if not find_spec(name)),
        None,
    )
    if absent:
        pytest.skip(f"no twin: {absent}")


@pytest.fixture(autouse=True)
def _nobodys_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SKILLPKG_", "PULUMI_", "AWS_", "PG")):
            monkeypatch.delenv(name)
