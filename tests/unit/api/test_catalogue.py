"""Reading what is published: packages, versions, search, downloads, yank."""

from __future__ import annotations

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"


@pytest_asyncio.fixture
async def published(acme: AsgiClient, registry: Registry) -> AsgiClient:
    for version in ("1.0.0", "1.2.0", "2.0.0-rc.1"):
        data = make_skill("acme", "demo", version)
        assert (await acme.upload(f"{DEMO}/publish", data)).status == 202
    other = make_skill("acme", "release-notes")
    assert (await acme.upload("/v1/packages/acme/release-notes/publish", other)).status == 202
    await registry.work()
    return acme


async def test_a_package_names_its_newest_release(published: AsgiClient) -> None:
    found = (await published.get(DEMO)).json()
    assert found["latest"] == "1.2.0"
    assert found["dist_tags"] == {"latest": "1.2.0"}
    assert set(found["versions"]) == {"1.0.0", "1.2.0", "2.0.0-rc.1"}


@pytest.mark.parametrize(
    ("asked", "got"), [("1.0.0", "1.0.0"), ("latest", "1.2.0"), ("2.0.0-rc.1", "2.0.0-rc.1")]
)
async def test_a_version_by_number_or_tag(published: AsgiClient, asked: str, got: str) -> None:
    found = await published.get(f"{DEMO}/{asked}")
    assert (found.status, found.json()["version"]) == (200, got)
    assert found.headers["cache-control"] == "public, max-age=10"


async def test_a_dist_tag_leads_to_its_version(published: AsgiClient, registry: Registry) -> None:
    registry.sql(
        "INSERT INTO dist_tags (package_id, tag, version_id) "
        "SELECT package_id, 'beta', id FROM versions WHERE version = '2.0.0-rc.1'"
    )
    assert (await published.get(f"{DEMO}/beta")).json()["version"] == "2.0.0-rc.1"


@pytest.mark.parametrize(
    "path", ["/v1/packages/acme/none", f"{DEMO}/9.9.9", f"{DEMO}/none", "/v1/packages/UPPER/a b"]
)
async def test_what_is_not_there_is_missing(published: AsgiClient, path: str) -> None:
    answer = await published.get(path.replace(" ", "%20"))
    assert (answer.status, answer.json()["type"]) == (404, "urn:skreg:problem:not-found")


async def test_metadata_is_the_manifest_with_its_record(published: AsgiClient) -> None:
    found = (await published.get(f"{DEMO}/1.0.0/metadata")).json()
    assert found["schema"] == "skreg.manifest/1"
    assert len(found["sha256"]) == 64
    assert found["cert_chain_pem"].count("BEGIN CERTIFICATE") == 2


async def test_all_versions_are_listed(published: AsgiClient) -> None:
    found = (await published.get(f"{DEMO}/versions")).json()["versions"]
    assert {item["version"]: item["state"] for item in found} == {
        "1.0.0": "published",
        "1.2.0": "published",
        "2.0.0-rc.1": "published",
    }


async def test_a_download_leads_to_the_read_plane_and_is_counted(
    published: AsgiClient, registry: Registry, container: ApiContainer
) -> None:
    answer = await published.get(f"{DEMO}/latest/download")
    assert answer.status == 302
    path = answer.headers["location"].removeprefix("http://registry.test/")
    assert (registry.storage / path).is_file()
    again = await published.get("/v1/download/acme/demo/1.2.0")
    assert again.headers["location"] == answer.headers["location"]
    signature = await published.get("/v1/download/acme/demo/1.2.0/sig")
    assert signature.headers["location"].endswith(".sig")
    await container.downloads.flush()
    assert (await published.get(DEMO)).json()["downloads"] == 2


async def test_a_withdrawn_archive_is_gone(published: AsgiClient, registry: Registry) -> None:
    registry.sql("UPDATE versions SET state = 'withdrawn' WHERE version = '1.0.0'")
    assert (await published.get(f"{DEMO}/1.0.0/download")).status == 410


async def test_search_ranks_names_first(published: AsgiClient) -> None:
    found = (await published.get("/v1/search?q=release+notes")).json()
    assert found["results"][0]["name"] == "release-notes"
    assert (found["per_page"], found["page"], found["total_relation"]) == (20, 1, "eq")
    both = (await published.get("/v1/search?q=package")).json()
    assert both["total"] == 2
    assert (await published.get("/v1/search?q=nothing-of-the-kind")).json()["total"] == 0


@pytest.mark.parametrize("query", ["%27%3B--", "%00", "%22open", "a%20OR", "-", "%F0%9F%98%80"])
async def test_any_text_may_be_searched(published: AsgiClient, query: str) -> None:
    assert (await published.get(f"/v1/search?q={query}")).status == 200


async def test_search_filters(published: AsgiClient, registry: Registry) -> None:
    registry.sql("UPDATE package_search SET tags = '{git}', category = 'dev' WHERE name = 'demo'")
    assert (await published.get("/v1/search?tag=git")).json()["total"] == 1
    assert (await published.get("/v1/search?category=dev")).json()["total"] == 1
    assert (await published.get("/v1/tags")).json()["results"] == [{"name": "git", "packages": 1}]
    categories = (await published.get("/v1/categories")).json()["results"]
    assert {"name": "dev", "packages": 1} in categories


async def test_the_total_is_capped(published: AsgiClient, registry: Registry) -> None:
    registry.sql(
        "INSERT INTO packages (namespace_id, name, look_alike, name_hash) SELECT 1, 'p' || n, "
        "'p' || n, sha256(n::text::bytea) FROM generate_series(1, 1100) n"
    )
    registry.sql(
        "INSERT INTO package_search (package_id, namespace, name, version, description, category, "
        "tags, published_at) SELECT id, 'acme', name, '1.0.0', 'bulk words', '', '{}', now() "
        "FROM packages WHERE name ~ '^p[0-9]+$'"
    )
    found = (await published.get("/v1/search?q=bulk&page=50")).json()
    assert (found["total"], found["total_relation"], len(found["results"])) == (1000, "gte", 20)
    assert (await published.get("/v1/search?page=51")).status == 422


async def test_the_list_goes_on_after_its_cursor(published: AsgiClient, registry: Registry) -> None:
    first = (await published.get("/v1/packages")).json()
    assert [item["name"] for item in first["results"]] == ["demo", "release-notes"]
    assert first["next"] is None
    rest = (await published.get("/v1/packages?cursor=acme/demo")).json()
    assert [item["name"] for item in rest["results"]] == ["release-notes"]
    assert (await published.get("/v1/packages?cursor=x")).status == 422


async def test_a_yank_is_logged_and_shown_in_the_index(
    published: AsgiClient, registry: Registry
) -> None:
    answer = await published.post(f"{DEMO}/1.2.0/yank", {"reason": "wrong prompt"})
    assert (answer.status, answer.json()["state"]) == (200, "yanked")
    assert (await published.get(DEMO)).json()["latest"] == "1.0.0"
    again = await published.post(f"{DEMO}/1.2.0/yank", {"reason": "again"})
    assert again.status == 200
    await registry.work()
    verified = registry.verify("acme/demo@1.2.0")
    assert verified.version.state == "yanked"
    assert verified.warnings
    assert (await published.get("/v1/search?q=demo")).json()["results"][0]["version"] == "1.0.0"

    back = await published.post(f"{DEMO}/1.2.0/unyank")
    assert back.json()["state"] == "published"
    await registry.work()
    assert registry.verify("acme/demo@1.2.0").warnings == ()
    kinds = registry.sql("SELECT kind FROM log_entries WHERE version_id IS NOT NULL ORDER BY index")
    assert [kind for (kind,) in kinds][-2:] == ["yank", "unyank"]


async def test_who_may_yank_what(
    published: AsgiClient, client: AsgiClient, registry: Registry
) -> None:
    other = await signed_up(client, "mallory")
    assert (await other.post(f"{DEMO}/1.2.0/yank")).status == 403
    assert (await published.post(f"{DEMO}/7.0.0/yank")).status == 404
    registry.sql("UPDATE versions SET state = 'withdrawn' WHERE version = '1.0.0'")
    assert (await published.post(f"{DEMO}/1.0.0/yank")).status == 409


async def test_with_everything_yanked_search_forgets_the_package(
    published: AsgiClient, registry: Registry
) -> None:
    assert (await published.post("/v1/packages/acme/release-notes/1.0.0/yank")).status == 200
    await registry.work()
    assert (await published.get("/v1/search?q=notes")).json()["total"] == 0
    assert (await published.get("/v1/packages/acme/release-notes")).json()["latest"] is None
