"""Popularity: nobody counts twice a day, and nobody can be found in what is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from skreg.api.services.downloads import DownloadCounts
from skreg.bootstrap import ApiContainer
from skreg.db.queries import search_popularity
from skreg.domain.visitors import visitor
from skreg.publish.popularity import reckon
from support.asgi import AsgiClient
from support.catalogued import Shown, show, show_many
from support.memory import FixedClock
from support.registry import Registry, client_of
from support.skills import make_skill

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEMO = "/v1/packages/acme/demo"


@pytest_asyncio.fixture
async def published(acme: AsgiClient, registry: Registry) -> int:
    """The number of a published version of acme/demo."""
    assert (await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 202
    await registry.work()
    return int(registry.sql("SELECT id FROM versions")[0][0])


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest_asyncio.fixture
async def counts(container: ApiContainer, clock: FixedClock) -> AsyncIterator[DownloadCounts]:
    yield DownloadCounts(container.pool, clock)


def addresses(registry: Registry) -> list[int]:
    return [row[0] for row in registry.sql("SELECT addresses FROM download_days ORDER BY day")]


async def popularity(registry: Registry, clock: FixedClock) -> int:
    container = registry.worker(clock)
    try:
        await reckon(container)
    finally:
        await container.close()
    return int(registry.sql("SELECT popularity FROM package_search WHERE name = 'demo'")[0][0])


async def test_an_address_counts_once_a_day_however_often_it_asks(
    published: int, counts: DownloadCounts, registry: Registry, clock: FixedClock
) -> None:
    for _ in range(500):
        counts.add(published, "192.0.2.1")
    await counts.flush()
    for _ in range(500):
        counts.add(published, "192.0.2.1")
    counts.add(published, "192.0.2.2")
    await counts.flush()
    assert addresses(registry) == [2]
    assert registry.sql("SELECT sum(count) FROM download_counts")[0][0] == 1001
    assert await popularity(registry, clock) == 2


async def test_versions_of_one_package_are_one_visit(
    acme: AsgiClient, published: int, counts: DownloadCounts, registry: Registry
) -> None:
    await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", "1.1.0"))
    for (number,) in registry.sql("SELECT id FROM versions"):
        counts.add(number, "192.0.2.1")
    await counts.flush()
    assert addresses(registry) == [1]


async def test_the_next_day_counts_anew_under_another_salt(
    published: int, counts: DownloadCounts, registry: Registry, clock: FixedClock
) -> None:
    counts.add(published, "192.0.2.1")
    clock.now += timedelta(days=1)
    counts.add(published, "192.0.2.1")
    await counts.flush()
    assert addresses(registry) == [1, 1]
    assert await popularity(registry, clock) == 2
    kept = registry.sql("SELECT visitor FROM download_visits")
    assert len(set(kept)) == 2
    clock.now += timedelta(days=1)
    await popularity(registry, clock)
    assert len(registry.sql("SELECT day FROM visit_salts")) == 1
    assert len(registry.sql("SELECT day FROM download_visits")) == 1
    clock.now += timedelta(days=search_popularity.WINDOW_DAYS)
    assert await popularity(registry, clock) == 0
    assert registry.sql("SELECT day FROM visit_salts") == []
    assert addresses(registry) == [1, 1]


async def test_two_api_processes_share_the_days_salt(
    published: int, container: ApiContainer, registry: Registry, clock: FixedClock
) -> None:
    for _ in range(2):
        process = DownloadCounts(container.pool, clock)
        process.add(published, "192.0.2.1")
        await process.flush()
    assert addresses(registry) == [1]


def test_what_one_subscriber_has_is_one_visitor() -> None:
    salt = b"salt"
    assert visitor("2001:db8:1:2:3::1", salt) == visitor("2001:db8:1:2:ffff::9%eth0", salt)
    assert visitor("2001:db8:1:2::1", salt) != visitor("2001:db8:1:3::1", salt)
    assert visitor("::ffff:192.0.2.1", salt) == visitor("192.0.2.1", salt)
    assert visitor("192.0.2.1", salt) != visitor("192.0.2.1", b"another")
    assert visitor("unix", salt) != visitor("192.0.2.1", salt)
    assert len(visitor("192.0.2.1", salt)) == 16


async def test_a_download_through_the_api_counts_its_address(
    published: int, container: ApiContainer, registry: Registry, clock: FixedClock
) -> None:
    trusting = container.settings.model_copy(update={"trusted_proxies": "127.0.0.0/8"})
    changed = dataclasses.replace(container, settings=trusting)
    client = client_of(changed)
    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        answer = await client.get(f"{DEMO}/latest/download", **{"x-forwarded-for": address})
        assert answer.status == 302
    await client.get("/v1/download/acme/demo/1.0.0/sig", **{"x-forwarded-for": "192.0.2.9"})
    await container.downloads.flush()
    assert addresses(registry) == [2]


async def test_nothing_is_lost_while_the_database_is_away(
    published: int, counts: DownloadCounts, registry: Registry
) -> None:
    counts.add(published, "192.0.2.1")
    registry.sql(
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'stopping' USING ERRCODE = 'admin_shutdown'; END $$"
    )
    registry.sql("CREATE TRIGGER stop BEFORE INSERT ON download_days EXECUTE FUNCTION stop()")
    await counts.flush()
    registry.sql("DROP TRIGGER stop ON download_days")
    assert addresses(registry) == []
    counts.add(published, "192.0.2.2")
    await counts.flush()
    assert addresses(registry) == [2]
    assert registry.sql("SELECT sum(count) FROM download_counts")[0][0] == 2


async def test_tiers_follow_popularity(
    registry: Registry, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_popularity, "TIER_SIZES", (2, 4, 6, 8))
    show_many(registry, 10, "Words.", [4])
    registry.sql(
        "INSERT INTO download_days SELECT package_id, '2026-03-01', package_id * 10 "
        "FROM package_search"
    )
    container = registry.worker(clock)
    await reckon(container)
    found = registry.sql("SELECT tier FROM package_search ORDER BY popularity DESC")
    assert [tier for (tier,) in found] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    registry.sql("DELETE FROM download_days")
    registry.sql(
        "INSERT INTO download_days SELECT package_id, '2026-03-01', 1000 - package_id * 10 "
        "FROM package_search"
    )
    await reckon(container)
    found = registry.sql("SELECT tier FROM package_search ORDER BY package_id")
    assert [tier for (tier,) in found] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    await container.close()


async def test_small_movements_are_not_written(registry: Registry, clock: FixedClock) -> None:
    show(registry, Shown("demo", popularity=100))
    registry.sql("INSERT INTO download_days SELECT max(id), '2026-03-01', 105 FROM packages")
    assert await popularity(registry, clock) == 100
    registry.sql("UPDATE download_days SET addresses = 111")
    assert await popularity(registry, clock) == 111
