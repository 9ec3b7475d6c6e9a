"""OWASP API4:2023, unrestricted resource consumption: more requests, bytes, rows or waiting than
one caller may cause."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from typing import Any

import pytest

from skreg.adapters.counters import MemoryCounters
from skreg.api.body import MAX_BODY
from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill


def narrow(container: ApiContainer, **settings: Any) -> AsgiClient:
    changed = container.settings.model_copy(update=settings)
    return client_of(replace(container, settings=changed))


async def test_a_flood_of_one_address_is_cut_off(container: ApiContainer) -> None:
    client = narrow(container, rate_limit_anonymous=10)
    statuses = [(await client.get("/v1/search?q=a")).status for _ in range(30)]
    assert statuses.count(200) <= 20, "at most two windows"
    assert statuses[-1] == 429


async def test_a_flood_of_made_up_tokens_is_cut_off(container: ApiContainer) -> None:
    """Each guess is another credential, and none of them has a bucket of its own."""
    client = narrow(container, rate_limit_anonymous=10)
    statuses = []
    for number in range(30):
        guess = client.with_token(f"skreg_{number:049d}")
        statuses.append((await guess.get("/v1/search?q=a")).status)
    assert statuses[-1] == 429


async def test_forwarded_addresses_of_a_stranger_make_no_new_buckets(
    container: ApiContainer,
) -> None:
    client = narrow(container, rate_limit_anonymous=10)
    statuses = []
    for number in range(30):
        headers = {"x-forwarded-for": f"198.51.100.{number}"}
        statuses.append((await client.get("/v1/tags", **headers)).status)
    assert statuses[-1] == 429


async def test_counting_stays_quick_and_small_with_many_addresses() -> None:
    counters = MemoryCounters()
    begun = time.perf_counter()
    for number in range(100_000):
        await counters.add(f"address:{number}", 1, 60)
    assert time.perf_counter() - begun < 5
    await counters.add("address:0", 2, 60)
    assert len(counters._counts) == 1


@pytest.mark.parametrize("path", ["/v1/packages/acme/demo/publish", "/v1/tokens"])
async def test_a_body_without_end_is_not_read_to_its_end(acme: AsgiClient, path: str) -> None:
    body = b"--b\r\n" + b"x" * (MAX_BODY + 100_000)
    kind = "multipart/form-data; boundary=b" if "publish" in path else "application/json"
    headers = {"content-type": kind, "idempotency-key": "one"}
    answer = await acme.request("POST", path, body=body, headers=headers)
    assert answer.status == 413


async def test_an_archive_that_inflates_without_end_is_refused(acme: AsgiClient) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000, mtime=0)
    answer = await acme.upload("/v1/packages/acme/demo/publish", bomb)
    assert answer.status == 422


async def test_quotas_bound_what_a_namespace_holds(container: ApiContainer) -> None:
    limits = {"quota_packages": 2, "quota_versions_per_day": 3}
    acme = await signed_up(narrow(container, **limits))
    statuses = []
    for name in ("one", "two", "three"):
        data = make_skill("acme", name)
        statuses.append((await acme.upload(f"/v1/packages/acme/{name}/publish", data)).status)
    assert statuses == [202, 202, 429]
    for version in ("1.0.1", "1.0.2"):
        data = make_skill("acme", "one", version)
        statuses.append((await acme.upload("/v1/packages/acme/one/publish", data)).status)
    assert statuses[3:] == [202, 429]


async def test_names_are_not_taken_by_renaming_in_a_loop(
    container: ApiContainer, registry: Registry
) -> None:
    """An old name stays taken for good, so each new one counts."""
    acme = await signed_up(narrow(container, quota_packages=2))
    await acme.upload("/v1/packages/acme/one/publish", make_skill("acme", "one"))
    await registry.work()
    statuses = []
    for old, new in (("one", "two"), ("two", "three"), ("two", "one")):
        body = {"to_namespace": "acme", "to_name": new}
        statuses.append((await acme.post(f"/v1/packages/acme/{old}/transfer", body)).status)
    assert statuses == [200, 429, 200], "back to a name it has had costs nothing"
    assert registry.sql("SELECT count(*) FROM packages") == [(2,)]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/search?page=51",
        "/v1/search?page=99999999999999999999",
        "/v1/search?q=" + "a" * 201,
        "/v1/changes?limit=100000",
        "/v1/advisories?cursor=-1",
    ],
)
async def test_no_list_is_longer_than_a_page(client: AsgiClient, path: str) -> None:
    assert (await client.get(path)).status == 422


async def test_rows_that_anybody_can_make_are_bounded(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skreg.api.services import reporting

    await acme.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
    await registry.work()
    monkeypatch.setattr(reporting, "PER_DAY", 2)
    registry.sql(
        "INSERT INTO reports (id, version_id, reporter_id, kind, message, state)"
        " SELECT n, v.id, a.id, 'spam', 'x', 'dismissed' FROM versions v,"
        " generate_series(1, 2) AS n, accounts a WHERE a.username = 'acme'"
    )
    body = {"kind": "spam", "message": "It is an advertisement."}
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/report", body)).status == 429
