"""The changes feed: in order, each once, none missed however commits interleave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest
import pytest_asyncio

from support.asgi import AsgiClient
from support.catalogued import Shown, show
from support.registry import Registry
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"


async def changes(client: AsgiClient, since: int = 0) -> list[tuple[int, str, list[str]]]:
    found = (await client.get(f"/v1/changes?since={since}")).json()["results"]
    return [(item["seq"], item["name"], item["published"]) for item in found]


@pytest_asyncio.fixture
async def published(acme: AsgiClient, registry: Registry) -> AsgiClient:
    for name, version in (("demo", "1.0.0"), ("other", "1.0.0"), ("demo", "1.1.0")):
        path = f"/v1/packages/acme/{name}/publish"
        assert (await acme.upload(path, make_skill("acme", name, version))).status == 202
        await registry.work()
    return acme


async def test_publications_and_yanks_are_told_in_order(
    published: AsgiClient, registry: Registry
) -> None:
    told = [(1, "demo", ["1.0.0"]), (2, "other", ["1.0.0"]), (3, "demo", ["1.1.0"])]
    assert await changes(published) == told
    assert await changes(published, 2) == told[2:]
    assert (await published.post(f"{DEMO}/1.0.0/yank")).status == 200
    assert await changes(published, 3) == []  # the read plane does not show it yet
    await registry.work()
    assert await changes(published, 3) == [(4, "demo", [])]
    answer = await published.get("/v1/changes?since=4")
    assert (answer.json()["next"], answer.json()["newest"]) == (4, 4)
    assert answer.headers["cache-control"] == "no-cache"
    sequence = (await published.get("/v1/changes?since=3")).json()["results"][0]["index_sequence"]
    index = registry.verifier().open_index  # the number is the index document's own
    assert sequence == 3
    assert index is not None


async def test_a_page_leads_to_the_next(published: AsgiClient) -> None:
    seen, since = [], 0
    for _ in range(3):
        page = (await published.get(f"/v1/changes?since={since}&limit=1")).json()
        seen.append(page["results"][0]["seq"])
        since = page["next"]
    assert (seen, since) == ([1, 2, 3], 3)
    assert (await published.get("/v1/changes?since=3&limit=1")).json()["results"] == []


async def test_what_is_not_published_is_not_told(acme: AsgiClient, registry: Registry) -> None:
    await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert await changes(acme) == []


@pytest.mark.parametrize("since", ["-1", "x", "99999999999999999999", "1.5", ""])
async def test_no_other_cursor_is_taken(client: AsgiClient, since: str) -> None:
    assert (await client.get(f"/v1/changes?since={since}")).status == 422


async def test_a_mirror_ahead_of_a_restored_registry_can_tell(client: AsgiClient) -> None:
    found = (await client.get(f"/v1/changes?since={2**63 - 1}")).json()
    assert (found["results"], found["next"], found["newest"]) == ([], 2**63 - 1, 0)


def test_a_later_number_never_shows_before_an_earlier_one(registry: Registry) -> None:
    """Two transactions commit documents at once: the second waits for the first's end."""
    show(registry, Shown("one"), Shown("two"))
    registry.sql(
        "INSERT INTO index_documents (package_id, sequence, revision, envelope, sha256, "
        "leaf_sha256, signed_at) SELECT id, 1, 1, '', '', '', now() FROM packages"
    )
    commit = "UPDATE index_documents SET committed = true WHERE package_id = %s"
    first, second = (row[0] for row in registry.sql("SELECT id FROM packages ORDER BY id"))
    started = Event()

    def other() -> None:
        with psycopg.connect(registry.database_url) as connection:
            started.set()
            connection.execute(commit, (second,))

    with ThreadPoolExecutor(1) as pool, psycopg.connect(registry.database_url) as connection:
        connection.execute(commit, (first,))
        job = pool.submit(other)
        started.wait(10)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        while not registry.sql(waiting)[0][0]:
            assert not job.done()
        assert registry.sql("SELECT seq FROM changes") == []
        connection.commit()
        job.result(10)
    found = registry.sql("SELECT seq, package_id FROM changes ORDER BY seq")
    assert found == [(1, first), (2, second)]


def test_many_at_once_leave_no_hole(registry: Registry) -> None:
    show(registry, *(Shown(f"p{number}") for number in range(40)))
    registry.sql(
        "INSERT INTO index_documents (package_id, sequence, revision, envelope, sha256, "
        "leaf_sha256, signed_at) SELECT id, 1, 1, '', '', '', now() FROM packages"
    )
    numbers = [row[0] for row in registry.sql("SELECT id FROM packages")]

    def commit(number: int) -> None:
        with psycopg.connect(registry.database_url) as connection:
            connection.execute(
                "UPDATE index_documents SET committed = true WHERE package_id = %s", (number,)
            )
            if number % 5 == 0:
                connection.rollback()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commit, numbers))
    kept = [number for number in numbers if number % 5]
    found = registry.sql("SELECT seq FROM changes ORDER BY seq")
    assert [seq for (seq,) in found] == list(range(1, len(kept) + 1))
