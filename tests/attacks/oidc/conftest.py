"""A registry that trusts two issuers on this machine, asked over real HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer
from support import issuer
from support.issuer import Issuer
from support.registry import Registry
from support.registry_fixtures import acme, client, prepared, registry, server
from support.trusted import trusting

__all__ = ["acme", "client", "prepared", "registry", "server"]


@pytest.fixture
def github() -> Iterator[Issuer]:
    with issuer.running() as running:
        yield running


@pytest.fixture
def gitlab() -> Iterator[Issuer]:
    with issuer.running("gitlab") as running:
        yield running


@pytest_asyncio.fixture
async def container(
    registry: Registry, github: Issuer, gitlab: Issuer
) -> AsyncIterator[ApiContainer]:
    made = registry.api()
    yield dataclasses.replace(made, **trusting(made, github=github, gitlab=gitlab))
    await made.close()
