"""A private registry: a token for every read, readers per package, and nothing told to others."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from skreg.api.private_reads import SIGNED_SECONDS, Elsewhere, PrivateReads
from skreg.api.readplane import ReadPlaneApp
from skreg.bootstrap import ApiContainer
from skreg.domain.visibility import Reach, object_package, package_in, reach_of
from skreg.settings import load_api_settings
from support.asgi import Answer, AsgiClient
from support.private import private_client
from support.registry import Registry, signed_up
from support.skills import make_skill

PAGES = [
    "/v1/search?q=secret-plan",
    "/v1/search",
    "/v1/search?tag=hush",
    "/v1/packages",
    "/v1/tags",
    "/v1/categories",
    "/v1/changes",
    "/v1/feed.atom",
]
OF_A_PACKAGE = [
    "",
    "/versions",
    "/latest",
    "/1.0.0",
    "/1.0.0/metadata",
    "/1.0.0/status",
    "/1.0.0/download",
    "/9.9.9",
    "/feed.atom",
    "/badge.svg",
    "/readers",
]


@pytest_asyncio.fixture
async def site(container: ApiContainer, registry: Registry) -> AsyncIterator[AsgiClient]:
    """``acme/secret-plan`` is restricted, ``acme/open-plan`` is for every reader."""
    client = private_client(container)
    acme = await signed_up(client)
    for name in ("secret-plan", "open-plan"):
        data = make_skill("acme", name, files={"references/big.md": bytes(range(256)) * 2000})
        answer = await acme.upload(f"/v1/packages/acme/{name}/publish", data)
        assert answer.status == 202, answer.body
    await registry.work()
    changed = await put(acme, "/v1/packages/acme/secret-plan/readers", {"restricted": True})
    assert changed.json() == {"restricted": True, "own": True, "readers": []}
    registry.sql(
        "UPDATE package_search SET tags = '{hush}', category = 'covert' WHERE name = 'secret-plan'"
    )
    yield acme


async def put(client: AsgiClient, path: str, content: object = None) -> Answer:
    body = b"" if content is None else json.dumps(content).encode()
    return await client.request(
        "PUT", path, body=body, headers={"content-type": "application/json"}
    )


async def token(client: AsgiClient, **asked: Any) -> AsgiClient:
    made = await client.post("/v1/tokens", {"name": "t", "scopes": ["read"], **asked})
    assert made.status == 201, made.body
    return client.with_token(made.json()["token"])


def objects(registry: Registry, name: str) -> list[str]:
    found = [*registry.storage.rglob(f"acme/{name}/**/*"), *registry.storage.rglob(f"{name}.json")]
    return ["/" + str(p.relative_to(registry.storage)) for p in found if p.is_file()]


def same(first: Answer, second: Answer) -> None:
    """Two answers that a reader can tell apart by nothing but the name they asked for."""
    assert first.status == second.status == 404
    one, other = first.json(), second.json()
    for told in (one, other):
        told.pop("request_id")
    assert one["type"] == other["type"]
    assert set(first.headers) == set(second.headers)


async def test_without_a_token_nothing_is_read(site: AsgiClient, registry: Registry) -> None:
    anybody = AsgiClient(site.app)
    paths = [*PAGES, "/v1/packages/acme/open-plan", "/openapi.json", "/v1/advisories"]
    paths += ["/index/timestamp", "/log/checkpoint", *objects(registry, "open-plan")]
    for path in paths:
        answer = await anybody.get(path)
        assert answer.status == 401, path
        assert "Basic" in answer.headers["www-authenticate"]
        assert b"plan" not in answer.body.replace(b"plane", b"")
    for path in ("/healthz", "/readyz", "/.well-known/skreg.json", "/trust/latest.json"):
        assert (await anybody.get(path)).status == 200, path


async def test_a_reader_reads_what_is_not_restricted(site: AsgiClient, registry: Registry) -> None:
    reader = await token(await signed_up(site, "reader"))
    for path in [*PAGES, "/v1/packages/acme/open-plan", *objects(registry, "open-plan")]:
        answer = await reader.get(path)
        assert answer.status == 200, path
        assert "public" not in answer.headers["cache-control"], path
    for path in ("/index/timestamp", "/log/checkpoint"):
        assert (await reader.get(path)).status == 200


async def test_lists_and_totals_leave_out_what_is_restricted(
    site: AsgiClient, registry: Registry
) -> None:
    reader = await token(await signed_up(site, "reader"))
    for path in PAGES:
        body = (await reader.get(path)).body
        assert b"secret-plan" not in body.replace(b'"query":"secret-plan"', b""), path
        assert b"hush" not in body, path
        assert b"covert" not in body, path
    assert (await reader.get("/v1/search?q=plan")).json()["total"] == 1
    assert (await site.get("/v1/search?q=plan")).json()["total"] == 2
    assert (await reader.get("/v1/search")).json()["total"] == 1
    assert (await reader.get("/v1/search?q=,,,")).json()["total"] == 0
    assert (await reader.get('/v1/search?q="skill that"')).json()["total"] == 1
    shown = (await reader.get("/v1/changes")).json()
    assert [item["name"] for item in shown["results"]] == ["open-plan"]
    assert shown["newest"] == shown["next"]


async def test_a_restricted_package_is_as_one_that_is_not_there(
    site: AsgiClient, registry: Registry
) -> None:
    reader = await token(await signed_up(site, "reader"))
    for tail in OF_A_PACKAGE:
        hidden = await reader.get(f"/v1/packages/acme/secret-plan{tail}")
        absent = await reader.get(f"/v1/packages/acme/absent-plan{tail}")
        same(hidden, absent)
        assert hidden.json()["detail"] == "There is no package acme/secret-plan."
    same(
        await reader.get("/v1/download/acme/secret-plan/1.0.0"),
        await reader.get("/v1/download/nobody/nothing/1.0.0"),
    )
    for path in objects(registry, "secret-plan"):
        hidden = await reader.get(path)
        absent = await reader.get(path.replace("secret-plan", "absent-plan"))
        same(hidden, absent)
        assert hidden.json()["detail"].replace("secret", "absent") == absent.json()["detail"]
        assert (await site.get(path)).status == 200


async def test_an_unpublished_upload_is_as_one_that_is_not_there(site: AsgiClient) -> None:
    await site.upload("/v1/packages/acme/draft/publish", make_skill("acme", "draft"))
    reader = await token(await signed_up(site, "reader"))
    same(
        await reader.get("/v1/packages/acme/draft/1.0.0/status"),
        await reader.get("/v1/packages/acme/none/1.0.0/status"),
    )
    assert (await site.get("/v1/packages/acme/draft/1.0.0/status")).status == 200


async def test_readers_come_and_go(site: AsgiClient, registry: Registry) -> None:
    reader = await token(await signed_up(site, "reader"))
    page = "/v1/packages/acme/secret-plan"
    archive = next(p for p in objects(registry, "secret-plan") if p.endswith(".skill"))
    assert (await put(site, f"{page}/readers/reader")).json()["readers"] == ["reader"]
    assert (await put(site, f"{page}/readers/reader")).json()["readers"] == ["reader"]
    assert (await reader.get(page)).status == 200
    assert (await reader.get(archive)).status == 200
    assert (await reader.get("/v1/search?q=plan")).json()["total"] == 2
    assert (await reader.get(f"{page}/readers")).status == 403, "readers are no members"
    assert (await site.request("DELETE", f"{page}/readers/reader")).json()["readers"] == []
    assert (await reader.get(page)).status == 404
    assert (await reader.get(archive)).status == 404
    assert (await put(site, f"{page}/readers/nobody")).status == 404
    actions = {row[0] for row in registry.sql("SELECT action FROM audit")}
    assert {"package-restricted", "reader-added", "reader-removed"} <= actions


async def test_a_namespace_restricts_what_says_nothing_itself(site: AsgiClient) -> None:
    reader = await token(await signed_up(site, "reader"))
    assert (await put(site, "/v1/namespaces/acme/restriction", {"restricted": True})).status == 200
    assert (await reader.get("/v1/packages/acme/open-plan")).status == 404
    open_again = {"restricted": False}
    await put(site, "/v1/packages/acme/open-plan/readers", open_again)
    assert (await reader.get("/v1/packages/acme/open-plan")).status == 200
    answer = await put(site, "/v1/packages/acme/open-plan/readers", {"restricted": None})
    assert answer.json() == {"restricted": True, "own": None, "readers": []}
    assert (await reader.get("/v1/search")).json()["total"] == 0
    assert (await put(reader, "/v1/namespaces/acme/restriction", open_again)).status == 403
    assert (await put(site, "/v1/namespaces/none/restriction", open_again)).status == 404


async def test_a_banned_namespace_opens_and_closes_nothing(
    site: AsgiClient, registry: Registry
) -> None:
    registry.sql("UPDATE namespaces SET banned_at = now(), banned_reason = 'spam'")
    for path in ("/v1/packages/acme/secret-plan/readers", "/v1/namespaces/acme/restriction"):
        answer = await put(site, path, {"restricted": False})
        assert (answer.status, "banned" in answer.json()["detail"]) == (403, True)
    assert (await site.get("/v1/packages/acme/secret-plan/readers")).status == 200


async def test_a_token_sees_what_it_is_limited_to(site: AsgiClient, registry: Registry) -> None:
    narrow = await token(site, limits=["acme/open-plan"])
    assert (await narrow.get("/v1/packages/acme/open-plan")).status == 200
    assert (await narrow.get("/v1/packages/acme/secret-plan")).status == 404
    assert (await narrow.get("/v1/search")).json()["total"] == 1
    for path in objects(registry, "secret-plan"):
        assert (await narrow.get(path)).status == 404


async def test_a_token_that_does_not_read(site: AsgiClient, registry: Registry) -> None:
    pushing = await token(site, scopes=["publish"])
    assert (await pushing.get("/v1/packages/acme/open-plan")).status == 403
    assert (await pushing.get("/v1/packages/acme/open-plan/1.0.0/status")).status == 200
    assert (await pushing.get("/index/timestamp")).status == 403
    data = make_skill("acme", "third")
    assert (await pushing.upload("/v1/packages/acme/third/publish", data)).status == 202


async def test_the_logs_entries_are_for_administrators(
    site: AsgiClient, registry: Registry
) -> None:
    found = next(p for p in registry.storage.rglob("log/tile/entries/**/*") if p.is_file())
    path = "/" + str(found.relative_to(registry.storage))
    assert (await site.get(path)).status == 403
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'acme'")
    assert (await site.get(path)).status == 200
    stranger = await signed_up(site, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    assert (await stranger.get("/v1/packages/acme/secret-plan")).status == 200
    assert (await stranger.get("/v1/search?q=plan")).json()["total"] == 2


async def test_a_revoked_token_stops_at_once(site: AsgiClient, registry: Registry) -> None:
    reader = await token(site)
    path = objects(registry, "open-plan")[0]
    assert (await reader.get(path)).status == 200
    registry.sql("UPDATE tokens SET revoked_at = now()")
    answer = await reader.get(path)
    assert answer.status == 401
    assert "www-authenticate" in answer.headers


async def test_guessing_at_the_read_plane_is_limited(
    container: ApiContainer, registry: Registry
) -> None:
    settings = container.settings.model_copy(update={"rate_limit_anonymous": 3})
    client = private_client(replace(container, settings=settings)).with_token("skreg_guess")
    statuses = [(await client.get("/index/timestamp")).status for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    unsent = AsgiClient(client.app)
    assert (await unsent.get("/index/timestamp")).status == 401, "asking is no guess"


async def test_paths_that_are_none(site: AsgiClient) -> None:
    for path in ("/index/acme/../secret-plan.json", "/packages/acme/secret-plan%2F1.0.0/x.skill"):
        assert (await site.get(path)).status == 404


async def test_without_the_database_nobody_is_let_in(
    site: AsgiClient, container: ApiContainer, registry: Registry
) -> None:
    gone = registry.common | {"DATABASE_URL": "postgresql:///none?host=/nowhere"}
    from skreg.bootstrap import open_api

    broken = open_api(load_api_settings(gone | {"VISIBILITY": "private"}))
    made = ReadPlaneApp(broken.storage, lambda: None, authorize=PrivateReads(broken))  # type: ignore[arg-type,return-value]
    answer = await AsgiClient(made, "skreg_x").get("/index/timestamp")
    assert answer.status == 401, "a token of no token's form asks nobody"
    from skreg.domain import tokens

    answer = await AsgiClient(made, tokens.mint().secret).get("/index/timestamp")
    assert answer.status == 503
    await broken.close()


async def test_a_public_registry_restricts_nothing(acme: AsgiClient) -> None:
    answer = await put(acme, "/v1/namespaces/acme/restriction", {"restricted": True})
    assert answer.status == 409
    assert "VISIBILITY=private" in answer.json()["detail"]


class Signing:
    """A store that signs URLs, over the one that holds the files."""

    def __init__(self, inner: Any, url: str | None) -> None:
        self._inner, self._url = inner, url
        self.asked: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def presign_get(self, key: str, seconds: int) -> str | None:
        self.asked.append((key, seconds))
        return self._url


@pytest.mark.parametrize(
    ("hosts", "url", "wanted"),
    [
        (["bucket.example"], "https://bucket.example/x?sig=1", "https://bucket.example/x?sig=1"),
        (["bucket.example"], "https://other.example/x", None),
        (["bucket.example"], "http://bucket.example/x", None),
        (["bucket.example"], None, None),
        ([], "https://bucket.example/x", None),
    ],
    ids=["named", "unnamed", "plain-http", "no-signing", "no-hosts"],
)
async def test_only_hosts_of_the_trust_bundle_are_handed_out(
    container: ApiContainer, hosts: list[str], url: str | None, wanted: str | None
) -> None:
    from base64 import b64encode

    payload = b64encode(json.dumps({"redirect_hosts": hosts}).encode()).decode()
    await container.storage.put("trust/latest.json", json.dumps({"payload": payload}).encode())
    store = Signing(container.storage, url)
    elsewhere = Elsewhere(replace(container, storage=store))  # type: ignore[arg-type]
    assert await elsewhere("packages/a/b/1.0.0/x.skill") == wanted
    if hosts:
        assert store.asked == [("packages/a/b/1.0.0/x.skill", SIGNED_SECONDS)]


async def test_a_large_archive_is_fetched_elsewhere(
    site: AsgiClient, container: ApiContainer, registry: Registry, tmp_path: Path
) -> None:
    async def elsewhere(key: str) -> str | None:
        return f"https://bucket.example/{key}?sig=1"

    settings = container.settings.model_copy(update={"visibility": "private"})
    closed = replace(container, settings=settings)
    app = ReadPlaneApp(
        closed.storage,
        lambda: None,  # type: ignore[arg-type,return-value]
        authorize=PrivateReads(closed),
        elsewhere=elsewhere,
        small=100,
    )
    path = next(p for p in objects(registry, "open-plan") if p.endswith(".skill"))
    answer = await AsgiClient(app, site.token).get(path)
    assert answer.status == 307
    assert answer.headers["location"] == f"https://bucket.example{path}?sig=1"
    assert answer.headers["cache-control"] == "no-store"
    assert (await AsgiClient(app).get(path)).status == 401


async def test_a_missing_bundle_sends_nobody_anywhere(container: ApiContainer) -> None:
    await container.storage.delete("trust/latest.json")
    assert await Elsewhere(container)("packages/x") is None


@pytest.mark.parametrize(
    ("key", "reach", "package"),
    [
        (".well-known/skreg.json", Reach.EVERYBODY, None),
        ("trust/1.json", Reach.EVERYBODY, None),
        ("index/timestamp", Reach.READERS, None),
        ("index/tree/0/0/abc", Reach.READERS, None),
        ("index/bins/a/abc.json", Reach.READERS, None),
        ("crl/0123456789abcdef.crl", Reach.READERS, None),
        ("log/tile/0/x001", Reach.READERS, None),
        ("log/tile/entries/000", Reach.STAFF, None),
        ("index/acme/demo.json", Reach.PACKAGE, ("acme", "demo")),
        ("index/acme/demo/abc.json", Reach.PACKAGE, ("acme", "demo")),
        ("packages/acme/demo/1.0.0/abc.skill", Reach.PACKAGE, ("acme", "demo")),
    ],
)
def test_what_an_object_is(key: str, reach: Reach, package: tuple[str, str] | None) -> None:
    assert reach_of(key) == reach
    assert object_package(key) == package


def test_what_a_path_is_about() -> None:
    assert package_in("/v1/packages/a/b") == ("a", "b")
    assert package_in("/v1/download/a/b/1.0.0/sig") == ("a", "b")
    assert package_in("/v1/packages") is None
    assert package_in("/v1/packages/a") is None
