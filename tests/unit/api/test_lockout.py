"""Guessing is slowed down, and nobody is locked out by another for long."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from skreg.api.services import lockout
from skreg.bootstrap import ApiContainer
from skreg.db.pool import writing
from skreg.db.queries import logins
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, client_of, signed_up

LOGIN = "/v1/auth/login"


@pytest.fixture
def client(registry: Registry, container: ApiContainer) -> AsgiClient:
    """Behind a proxy that may be believed, so that a test chooses where it comes from."""
    settings = container.settings.model_copy(
        update={"trusted_proxies": "127.0.0.1", "rate_limit_anonymous": 10_000}
    )
    return client_of(dataclasses.replace(container, settings=settings))


async def attempt(client: AsgiClient, name: str, password: str, address: str) -> int:
    body = {"username": name, "password": password}
    return (await client.post(LOGIN, body, **{"x-forwarded-for": address})).status


async def fail(client: AsgiClient, name: str, address: str, times: int) -> list[int]:
    return [await attempt(client, name, "wrong wrong", address) for _ in range(times)]


@pytest.mark.parametrize("name", ["acme", "nobody", "ünïcode"])
async def test_after_ten_failures_nothing_is_looked_at(client: AsgiClient, name: str) -> None:
    await signed_up(client)
    assert await fail(client, name, "192.0.2.1", 10) == [401] * 10
    body = {"username": name, "password": PASSWORD}
    answer = await client.post(LOGIN, body, **{"x-forwarded-for": "192.0.2.1"})
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900


async def test_the_audit_log_tells_who_was_locked_out_once(
    client: AsgiClient, registry: Registry
) -> None:
    await signed_up(client)
    await fail(client, "acme", "192.0.2.1", 15)
    await attempt(client, "acme", PASSWORD, "192.0.2.2")
    sql = "SELECT subject, address, account_id FROM audit WHERE action = 'locked-out'"
    assert registry.sql(sql) == [("acme", "192.0.2.1", None)]
    sql = "SELECT address, details FROM audit WHERE action = 'login' ORDER BY id"
    assert registry.sql(sql)[-1] == ("192.0.2.2", {"by": "password"})


async def test_elsewhere_the_account_is_open(client: AsgiClient) -> None:
    await signed_up(client)
    await fail(client, "acme", "192.0.2.1", 11)
    assert await attempt(client, "acme", PASSWORD, "192.0.2.2") == 200


async def test_a_window_ends_by_itself(client: AsgiClient, registry: Registry) -> None:
    await signed_up(client)
    await fail(client, "acme", "192.0.2.1", 11)
    registry.sql("UPDATE login_attempts SET until = now() - interval '1 second'")
    assert await attempt(client, "acme", PASSWORD, "192.0.2.1") == 200
    registry.sql("UPDATE login_attempts SET until = now() - interval '1 second'")
    await attempt(client, "acme", PASSWORD, "192.0.2.9")
    assert registry.sql("SELECT count(*) FROM login_attempts") < [(4,)]


async def test_a_good_login_is_not_counted(client: AsgiClient) -> None:
    await signed_up(client)
    found = [await attempt(client, "acme", PASSWORD, "192.0.2.1") for _ in range(15)]
    assert found == [200] * 15


async def test_a_hundred_guesses_at_once_are_a_hundred_guesses(client: AsgiClient) -> None:
    await signed_up(client)
    work = (attempt(client, "acme", "wrong wrong", "192.0.2.1") for _ in range(30))
    found = await asyncio.gather(*work)
    assert sorted(found) == [401] * 10 + [429] * 20


async def test_one_address_may_not_try_everybody(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "PER_ADDRESS", 5)
    found = [await attempt(client, f"a{n}", "wrong wrong", "192.0.2.1") for n in range(6)]
    assert found == [401] * 5 + [429]


async def test_an_ipv6_host_has_one_network(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "PER_ADDRESS", 5)
    found = [
        await attempt(client, f"a{n}", "wrong wrong", f"2001:db8::{n + 1:x}") for n in range(6)
    ]
    assert found[-1] == 429


async def test_a_swarm_cannot_lock_an_account_out_where_it_is_known(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "PER_ACCOUNT", 20)
    await signed_up(client)
    assert await attempt(client, "acme", PASSWORD, "192.0.2.1") == 200
    for number in range(25):
        await fail(client, "acme", f"198.51.100.{number}", 1)
    assert await attempt(client, "acme", PASSWORD, "203.0.113.1") == 429
    assert await attempt(client, "acme", PASSWORD, "192.0.2.1") == 200


async def test_what_is_remembered_of_addresses_is_bounded(
    client: AsgiClient, container: ApiContainer, registry: Registry
) -> None:
    await signed_up(client)
    ((account,),) = registry.sql("SELECT id FROM accounts WHERE username = 'acme'")
    for number in range(25):
        async with writing(container.pool) as connection:
            await logins.remember(connection, account, f"192.0.2.{number}")
    assert registry.sql("SELECT count(*) FROM known_addresses") == [(20,)]


async def test_a_forged_address_counts_for_whom_it_came_through(
    container: ApiContainer,
) -> None:
    """Without trusted proxies the header is what anybody may write."""
    settings = container.settings.model_copy(update={"rate_limit_anonymous": 10_000})
    client = client_of(dataclasses.replace(container, settings=settings))
    for number in range(10):
        assert await attempt(client, "acme", "wrong wrong", f"192.0.2.{number}") == 401
    assert await attempt(client, "acme", "wrong wrong", "192.0.2.99") == 429
