"""Every test here runs without a network, an account, credentials or an engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import pytest_socket
from infra_plans import CLOUDS, PROFILES, planned

from skillpkg_infra.plan.run import Plan


def pytest_configure(config: pytest.Config) -> None:
    # The SDK's own modules warn about each other while they are imported.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:pulumi_aws.*")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("SKILLPKG_", "PULUMI_", "AWS_")):
            monkeypatch.delenv(name)
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(params=[(cloud, profile) for cloud in CLOUDS for profile in PROFILES], ids="-".join)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Each stack file in turn."""
    return planned(*request.param)
