"""Search: what stands first, what narrows it, and that pages fit together whatever the tiers."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skreg.bootstrap import ApiContainer
from skreg.db.pool import writing
from skreg.db.queries import search as queries
from skreg.db.queries.search_words import Filters
from support.asgi import AsgiClient
from support.catalogued import Shown, show, show_many
from support.registry import Registry

HARD = ["", "%", "\x00", '"', "a OR", "-", "- -", "😀", "'", "\\", "!", "<->", ":*", "(", "&|!"]
HARD += ["'name:x' | 'y'", "the", "ns/", "/", "@", "x" * 200, "-a -b", "a or -b", '"of the"']


async def names(client: AsgiClient, query: str, **more: str) -> list[str]:
    asked = "&".join(f"{key}={quote(value)}" for key, value in {"q": query, **more}.items())
    answer = await client.get(f"/v1/search?{asked}")
    assert answer.status == 200, answer.body
    return [item["name"] for item in answer.json()["results"]]


async def test_the_exact_name_stands_before_anything_more_popular(
    client: AsgiClient, registry: Registry
) -> None:
    show(
        registry,
        Shown("deploy-helper-pro", "Deploy helper for deploy helpers.", popularity=10**6),
        Shown("deploy-helper"),
        Shown("deploy-helper", "The same name elsewhere.", namespace="other", popularity=5),
    )
    for typed in ("deploy-helper", "Deploy Helper", "deploy_helper"):
        assert await names(client, typed) == ["deploy-helper", "deploy-helper", "deploy-helper-pro"]
    for typed in ("other/deploy-helper", "@other/deploy-helper"):
        answer = (await client.get(f"/v1/search?q={quote(typed)}")).json()
        assert answer["results"][0]["namespace"] == "other"


async def test_a_word_in_the_name_outweighs_one_in_the_text(
    client: AsgiClient, registry: Registry
) -> None:
    show(registry, Shown("plain", "Lints YAML files."), Shown("yaml-lint", "Checks files."))
    assert await names(client, "yaml") == ["yaml-lint", "plain"]


@pytest.mark.parametrize("tier", [1, 4])
@pytest.mark.parametrize("query", ["common words", "common"])
async def test_a_name_is_found_however_unpopular_its_package_is(
    client: AsgiClient, registry: Registry, query: str, tier: int
) -> None:
    show_many(registry, 300, "Common words in a row.", [0])
    show(registry, Shown("common-words-kit", "Sorts them.", popularity=5))
    registry.sql("UPDATE package_search SET tier = %s WHERE name = 'common-words-kit'", tier)
    best, *_ = await names(client, query)
    assert (best == "common-words-kit") == (query != "common" or tier == 1), "or two tiers further"


async def test_downloads_raise_what_fits_alike(client: AsgiClient, registry: Registry) -> None:
    show(registry, Shown("one", "Sorts photos."), Shown("two", "Sorts photos.", popularity=50))
    assert await names(client, "photos") == ["two", "one"]


async def test_words_are_found_in_other_forms_and_across_fields(
    client: AsgiClient, registry: Registry
) -> None:
    show(registry, Shown("testing-tools", "Runs packages.", tags=["automation"]))
    for query in ("test package", "tools running", "automated packages", "testing-tools"):
        assert await names(client, query) == ["testing-tools"], query


async def test_a_phrase_a_negation_and_an_alternative(
    client: AsgiClient, registry: Registry
) -> None:
    show(
        registry,
        Shown("first", "Code review for teams."),
        Shown("second", "Review of code."),
        Shown("third", "Writes poems."),
    )
    assert await names(client, '"code review"') == ["first"]
    assert sorted(await names(client, "code review")) == ["first", "second"]
    assert await names(client, "code -teams") == ["second"]
    assert sorted(await names(client, "poems or teams")) == ["first", "third"]
    assert await names(client, "-poems") == ["third"]  # nothing but a negation is a plain word


async def test_filters_narrow_alone_and_together(client: AsgiClient, registry: Registry) -> None:
    show(
        registry,
        Shown("a", "Words here.", category="dev", tags=["git", "ci"]),
        Shown("b", "Words here.", category="dev", tags=["git"], popularity=9),
        Shown("c", "Words here.", namespace="other", category="ops"),
    )
    assert await names(client, "", tag="git") == ["b", "a"]
    assert await names(client, "words", tag="git", category="dev", namespace="acme") == ["b", "a"]
    assert await names(client, "words", tag="ci") == ["a"]
    assert await names(client, "", namespace="other") == ["c"]
    assert await names(client, "words", category="none") == []
    assert await names(client, "a", category="ops") == []
    assert await names(client, "", tag="g' | 'tag:git") == []


async def test_without_anything_the_newest_come_first(
    client: AsgiClient, registry: Registry
) -> None:
    show(registry, Shown("old"), Shown("new"))
    registry.sql("UPDATE package_search SET published_at = '2020-01-01Z' WHERE name = 'old'")
    answer = (await client.get("/v1/search")).json()
    assert [item["name"] for item in answer["results"]] == ["new", "old"]
    assert (answer["total"], answer["total_relation"]) == (2, "eq")


@pytest.mark.parametrize("query", HARD)
async def test_whatever_is_typed_is_answered(client: AsgiClient, query: str) -> None:
    assert await names(client, query) == []


@given(query=st.text(max_size=60), tag=st.text(max_size=20))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_breaks_a_query(registry: Registry, query: str, tag: str) -> None:
    import asyncio

    async def ask() -> None:
        container = registry.api()
        try:
            async with writing(container.pool) as connection:
                wanted = Filters(query.replace("\x00", "") or None, tag=tag.replace("\x00", ""))
                await queries.search(connection, wanted, offset=0, limit=20)
        finally:
            await container.close()

    if query.isprintable() and tag.isprintable():
        asyncio.run(ask())


@pytest.mark.parametrize(
    "tiers", [[4], [0], [0, 4], [0, 1, 2, 3, 4], [3, 4, 4], [0, 0, 0, 1, 2], [2]]
)
@pytest.mark.parametrize("count", [45, 300])
async def test_pages_neither_overlap_nor_leave_anything_out(
    client: AsgiClient, registry: Registry, tiers: list[int], count: int
) -> None:
    show_many(registry, count, "Common words in a row.", tiers)
    for query in ("common", "common words", '"common words"', "bulk"):
        seen: list[str] = []
        for page in range(1, count // 20 + 2):
            seen += await names(client, query, page=str(page))
        assert len(seen) == count
        assert len(set(seen)) == count
        answer = (await client.get(f"/v1/search?q={quote(query)}")).json()
        assert (answer["total"], answer["total_relation"]) == (count, "eq")
    assert await names(client, "common", page=str(count // 20 + 2)) == []


@pytest.mark.parametrize("tiers", [[4], [0], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("query", ["common", "common words", '"common words"'])
async def test_the_total_stops_at_a_thousand(
    client: AsgiClient, registry: Registry, tiers: list[int], query: str
) -> None:
    show_many(registry, 1300, "Common words in a row.", tiers)
    answer = (await client.get(f"/v1/search?q={quote(query)}&page=50")).json()
    assert (answer["total"], answer["total_relation"], len(answer["results"])) == (1000, "gte", 20)


async def test_several_words_in_a_large_registry_are_counted_so_far(
    registry: Registry, container: ApiContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_many(registry, 300, "Common words in a row.", [2, 4])
    registry.sql("ANALYZE package_search")
    monkeypatch.setattr(queries, "_LARGE", 10)
    async with writing(container.pool) as connection:
        found = await queries.search(connection, Filters("common words"), offset=0, limit=20)
    assert (found.total, found.exact) == (150, False)


async def test_one_word_in_a_large_registry_is_counted_in_a_tier_that_holds_enough(
    registry: Registry, container: ApiContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_many(registry, 1500, "Common words in a row.", [0, 1, 2, 3, 4])
    registry.sql("ANALYZE package_search")
    async with writing(container.pool) as connection:
        whole = await queries.search(connection, Filters("common"), offset=0, limit=20)
    monkeypatch.setattr(queries, "_LARGE", 10)
    async with writing(container.pool) as connection:
        found = await queries.search(connection, Filters("common"), offset=0, limit=20)
    assert (whole.total, whole.exact) == (1000, False)
    assert (found.total, found.exact) == (300, False)
    assert found.hits == whole.hits


async def test_tags_and_categories_follow_what_is_shown(
    client: AsgiClient, registry: Registry
) -> None:
    async def listed(kind: str) -> dict[str, int]:
        found = (await client.get(f"/v1/{kind}")).json()["results"]
        return {item["name"]: item["packages"] for item in found}

    show(registry, Shown("a", tags=["git", "ci"], category="dev"), Shown("b", tags=["git"]))
    assert (await client.get("/v1/tags")).json()["results"][0]["name"] == "git"
    assert await listed("tags") == {"git": 2, "ci": 1}
    assert await listed("categories") == {"dev": 1, "other": 1}
    registry.sql("UPDATE package_search SET tags = '{ci}', category = '' WHERE name = 'b'")
    assert await listed("tags") == {"git": 1, "ci": 2}
    registry.sql("DELETE FROM package_search WHERE name = 'a'")
    assert await listed("tags") == {"ci": 1}
    assert await listed("categories") == {}
