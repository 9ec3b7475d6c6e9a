"""What every answer has, errors and outages included."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from skreg.bootstrap import utc_now
from support.asgi import AsgiClient
from support.database import DatabaseServer
from support.registry import Registry, client_of

PATHS = ["/healthz", "/v1/search", "/v1/none", "/v1/auth/me", "/v1/packages/a/b", "/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_is_marked(client: AsgiClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["cache-control"]
    assert answer.headers["x-request-id"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_get_without_the_body(client: AsgiClient, path: str) -> None:
    got, headed = await client.get(path), await client.request("HEAD", path)
    assert (headed.status, headed.body) == (got.status, b"")
    assert headed.headers["content-length"] == str(len(got.body))


async def test_the_callers_request_id_is_kept_when_harmless(client: AsgiClient) -> None:
    kept = await client.request("GET", "/healthz", headers={"x-request-id": "edge-12345678"})
    assert kept.headers["x-request-id"] == "edge-12345678"
    own = await client.request("GET", "/healthz", headers={"x-request-id": "a\nb"})
    assert own.headers["x-request-id"] != "a\nb"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/none", 404),
        ("POST", "/healthz", 405),
        ("POST", "/v1/auth/login", 422),
        ("GET", "/v1/search?page=0", 422),
        ("GET", "/v1/auth/me", 401),
    ],
)
async def test_errors_are_problems(client: AsgiClient, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path)
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status, body["status"]) == (status, status)
    assert body["type"].startswith("urn:skreg:problem:")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["title"]
    assert body["detail"]


async def test_a_preflight_allows_reads_from_anywhere(client: AsgiClient) -> None:
    answer = await client.request("OPTIONS", "/v1/search", headers={"origin": "https://x.example"})
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"


async def test_a_mistake_of_ours_tells_nothing(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("skreg.db.queries.search_facets.tags", broken)
    answer = await client.get("/v1/tags", accept="*/*")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert answer.headers["content-type"] == "application/problem+json"


async def test_openapi_describes_every_route(client: AsgiClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)


async def test_without_the_database_reads_say_so(server: DatabaseServer, tmp_path: Path) -> None:
    with server.fresh() as url:
        registry = Registry(url, tmp_path)
        await registry.work()
        container = registry.api()
        client = client_of(container)
        assert (await client.get("/readyz")).json() == {"status": "ok", "degraded": []}
        server.stop()
        try:
            answer = await client.get("/v1/search?q=a")
            ready = await client.get("/readyz")
            login = await client.post("/v1/auth/login", {"username": "a", "password": "b"})
        finally:
            server.start()
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert login.status == 503
        assert (ready.status, ready.json()["degraded"]) == (200, ["database"])
        assert (await client.get("/v1/search?q=a")).status == 200
        await container.close()


async def test_readiness_waits_for_the_schema(server: DatabaseServer, tmp_path: Path) -> None:
    with server.empty() as url:
        container = Registry(url, tmp_path).api()
        client = client_of(container)
        answer = await client.get("/readyz")
        assert (answer.status, answer.json()["degraded"]) == (503, ["database", "pki"])
        assert (await client.get("/healthz")).status == 200
        await container.close()


async def test_readiness_sees_a_late_signer_and_a_lost_store(registry: Registry) -> None:
    container = registry.api(clock=lambda: utc_now() + timedelta(hours=80))
    client = client_of(container)
    late = await client.get("/readyz")
    assert (late.status, late.json()["degraded"]) == (200, ["signer"])
    shutil.rmtree(registry.storage)
    registry.storage.write_text("not a folder")
    gone = await client.get("/readyz")
    assert gone.json()["degraded"] in (["storage"], ["pki"])
    await container.close()


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\ufffe", "a" * 64])
async def test_no_text_is_a_mistake_of_ours(acme: AsgiClient, text: str) -> None:
    answers = [
        await acme.post("/v1/auth/login", {"username": text, "password": text}),
        await acme.post("/v1/auth/signup", {"username": text, "password": text}),
        await acme.post("/v1/tokens", {"name": text, "scopes": ["read"]}),
        await acme.post("/v1/tokens", {"name": "a", "scopes": [text]}),
        await acme.post("/v1/packages/acme/demo/1.0.0/yank", {"reason": text}),
    ]
    quoted = {"a\x00b": "%00", "\ud800": "%ED%A0%80", "\ufffe": "%EF%BF%BE"}.get(text, text)
    for path in ("/v1/packages/acme/demo/{}", "/v1/packages/{}/demo", "/v1/packages?cursor=a/{}"):
        answers.append(await acme.get(path.format(quoted)))
    for path in ("/v1/search?tag={}", "/v1/search?category={}", "/v1/search?q={}"):
        answers.append(await acme.get(path.format(quoted)))
    answers.append(await acme.request("DELETE", f"/v1/tokens/{quoted}"))
    assert [item.status for item in answers if item.status >= 500] == []
