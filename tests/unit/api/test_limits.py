"""Rate limits: who is counted where, what an answer says of it, and what stands outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from skreg.adapters.counters import PAUSE_SECONDS, MemoryCounters, SharedCounters
from skreg.api.services.sessions import Sessions
from skreg.bootstrap import ApiContainer
from support.asgi import Answer, AsgiClient
from support.registry import Registry, client_of, signed_up

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def with_settings(container: ApiContainer, **changed: Any) -> ApiContainer:
    return replace(container, settings=container.settings.model_copy(update=changed))


@pytest_asyncio.fixture
async def limited(registry: Registry) -> AsyncIterator[ApiContainer]:
    made = registry.api()
    clock = Clock()
    made = replace(made, clock=clock, sessions=Sessions(made.pool, clock))
    yield with_settings(
        made,
        rate_limit_anonymous=5,
        rate_limit_token=20,
        trusted_proxies="127.0.0.1/32, 10.0.0.0/8",
    )
    await made.close()


async def ask(client: AsgiClient, address: str = "", path: str = "/v1/tags") -> Answer:
    headers = {"x-forwarded-for": address} if address else {}
    return await client.get(path, **headers)


async def test_the_sixth_request_is_refused_until_the_minute_is_over(
    limited: ApiContainer,
) -> None:
    client = client_of(limited)
    for left in (4, 3, 2, 1, 0):
        answer = await ask(client, "192.0.2.1")
        assert answer.status == 200
        assert answer.headers["x-ratelimit-limit"] == "5"
        assert answer.headers["x-ratelimit-remaining"] == str(left)
        assert answer.headers["x-ratelimit-reset"] == str(int(NOON.timestamp()) + 60)
    refused = await ask(client, "192.0.2.1")
    assert refused.status == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-request-id"]
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "Send a token" in refused.json()["detail"]
    assert isinstance(limited.clock, Clock)
    limited.clock.now += timedelta(seconds=61)
    assert (await ask(client, "192.0.2.1")).status == 200


async def test_addresses_do_not_share(limited: ApiContainer) -> None:
    client = client_of(limited)
    for _ in range(5):
        assert (await ask(client, "192.0.2.1")).status == 200
    assert (await ask(client, "192.0.2.1")).status == 429
    assert (await ask(client, "192.0.2.2")).status == 200


async def test_one_ipv6_network_of_64_bits_is_one_address(limited: ApiContainer) -> None:
    client = client_of(limited)
    for host in range(5):
        assert (await ask(client, f"2001:db8:1:2::{host:x}")).status == 200
    assert (await ask(client, "2001:db8:1:2:ffff::1")).status == 429
    assert (await ask(client, "2001:db8:1:3::1")).status == 200


async def test_an_address_that_a_client_writes_itself_is_not_believed(
    limited: ApiContainer,
) -> None:
    client = client_of(limited)
    for number in range(5):
        sent = f"203.0.113.{number}, 192.0.2.1, 10.1.1.1"
        assert (await ask(client, sent)).status == 200
    assert (await ask(client, "203.0.113.9, 192.0.2.1")).status == 429


async def test_a_token_never_shares_the_addresss_bucket(limited: ApiContainer) -> None:
    client = client_of(limited)
    acme = await signed_up(client)
    token = await acme.post("/v1/tokens", {"name": "ci", "scopes": ["read"]})
    own = client.with_token(token.json()["token"])
    for _ in range(6):
        await ask(client)
    assert (await ask(client)).status == 429
    answer = await ask(own)
    assert answer.status == 200
    assert answer.headers["x-ratelimit-limit"] == "20"
    assert answer.headers["x-ratelimit-remaining"] == "19"
    for _ in range(19):
        assert (await ask(own)).status == 200
    refused = await ask(own)
    assert refused.status == 429
    assert "this credential" in refused.json()["detail"]
    assert (await ask(acme)).status == 200, "a session counts apart from a token"


async def test_bad_credentials_are_counted_by_address(limited: ApiContainer) -> None:
    client = client_of(limited)
    for number in range(5):
        guess = client.with_token(f"skreg_{number:049d}")
        assert (await ask(guess, "192.0.2.7", "/v1/auth/me")).status == 401
    assert (await ask(client.with_token("skreg_x"), "192.0.2.7", "/v1/auth/me")).status == 429
    assert (await ask(client, "192.0.2.7")).status == 429


async def test_basic_carries_a_token_as_its_password(limited: ApiContainer) -> None:
    from base64 import b64encode

    client = client_of(limited)
    acme = await signed_up(client)
    for pair in (f"anybody:{acme.token}", f"{acme.token}:"):
        sent = "Basic " + b64encode(pair.encode()).decode()
        answer = await client.get("/v1/auth/me", authorization=sent)
        assert answer.json()["username"] == "acme"
    for broken in ("Basic !!!", "Basic /////w=="):
        assert (await client.get("/v1/auth/me", authorization=broken)).status == 401


async def test_probes_are_not_counted(limited: ApiContainer) -> None:
    client = client_of(limited)
    for _ in range(12):
        answer = await client.get("/healthz")
        assert answer.status == 200
        assert "x-ratelimit-limit" not in answer.headers


async def test_a_refusal_needs_no_database(limited: ApiContainer, registry: Registry) -> None:
    """An exhausted address costs a count in memory and nothing else."""
    client = client_of(limited)
    for _ in range(6):
        await ask(client)
    await limited.pool.close()
    broken = replace(limited, pool=None)  # type: ignore[arg-type]
    assert (await ask(client_of(broken))).status == 429


async def test_a_broken_store_fails_open_for_a_while() -> None:
    now = [0.0]

    class Away(MemoryCounters):
        calls = 0

        async def add(self, key: str, window: int, seconds: int) -> int:
            self.calls += 1
            raise OSError("no route")

    shared = Away()
    counters = SharedCounters(shared, MemoryCounters(), lambda: now[0])
    assert [await counters.add("a", 1, 60) for _ in range(3)] == [1, 2, 3]
    assert shared.calls == 1, "a store that failed is left alone for a while"
    now[0] = PAUSE_SECONDS + 1
    await counters.add("a", 1, 60)
    assert shared.calls == 2
    await counters.close()


async def test_counts_of_an_old_window_are_dropped() -> None:
    counters = MemoryCounters()
    for number in range(1000):
        await counters.add(str(number), 1, 60)
    assert await counters.add("0", 2, 60) == 1
    assert len(counters._counts) == 1


@pytest.mark.parametrize("url", ["http://x", "memcached://x"])
def test_a_valkey_of_another_kind_is_a_mistake(registry: Registry, url: str) -> None:
    from skreg.errors import ConfigurationInvalid
    from skreg.settings import load_api_settings

    with pytest.raises(ConfigurationInvalid, match="valkey://"):
        load_api_settings(registry.common | {"VALKEY_URL": url})
