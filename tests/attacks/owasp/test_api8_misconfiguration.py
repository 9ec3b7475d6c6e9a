"""OWASP API8:2023, security misconfiguration: what an answer, a header or a setting gives away."""

from __future__ import annotations

import pytest

from skreg.bootstrap import ApiContainer
from skreg.errors import ConfigurationInvalid
from skreg.settings import load_api_settings
from support.asgi import Answer, AsgiClient
from support.private import private_client
from support.registry import Registry

PATHS = ["/v1/search", "/v1/nothing", "/v1/packages/acme/none", "/openapi.json", "/v1/auth/me"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_every_answer_is_marked(client: AsgiClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"]
    assert answer.headers.get("x-content-type-options") == "nosniff" or method == "OPTIONS"
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers
    assert answer.status < 500


async def test_no_origin_is_given_the_browsers_credentials(client: AsgiClient) -> None:
    answer = await client.get("/v1/search", origin="https://evil.example")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    changed = await client.post("/v1/tokens", {}, origin="https://evil.example")
    assert "access-control-allow-origin" not in changed.headers, "other origins change nothing"


async def test_a_mistake_of_ours_shows_nothing(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skreg.api.services import search

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("postgresql://admin:hunter2@10.0.0.1/registry")

    monkeypatch.setattr(search, "find", broken)
    answer = await client.get("/v1/search")
    assert answer.status == 500
    for secret in (b"hunter2", b"Traceback", b"RuntimeError", b"search.py", b"10.0.0.1"):
        assert secret not in answer.body


async def test_methods_that_nobody_needs_are_refused(client: AsgiClient) -> None:
    for method in ("TRACE", "CONNECT", "TRACK", "DEBUG"):
        assert (await client.request(method, "/v1/search")).status in (404, 405)


async def test_links_do_not_follow_the_host_header(client: AsgiClient) -> None:
    for path in ("/v1/feed.atom", "/openapi.json"):
        answer = await client.get(path, host="evil.example")
        assert b"evil.example" not in answer.body
        assert "evil.example" not in str(dict(answer.headers))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNING_KEY_URI", "awskms:///key"),
        ("PUBLISHER_CA_KEY_URI", "file:///key"),
        ("STAGING_URL", None),
        ("VISIBILITY", "secret"),
        ("TRUSTED_PROXIES", "everybody"),
        ("WEBHOOK_SEALING_KEY", "short"),
        ("WEBHOOK_NETWORKS", "10.0.0.0/99"),
        ("RATE_LIMIT_ANONYMOUS", "0"),
        ("QUOTA_PACKAGES", "-1"),
        ("VALKEY_URL", "http://cache"),
    ],
)
def test_a_setting_that_weakens_is_a_mistake(
    registry: Registry, name: str, value: str | None
) -> None:
    given = registry.common | {name: value or registry.common["STORAGE_URL"]}
    with pytest.raises(ConfigurationInvalid) as told:
        load_api_settings(given)
    assert name in str(told.value)


def test_secrets_are_not_in_the_settings_text(registry: Registry) -> None:
    secret = "a sealing key of more than 32 characters"
    given = {"WEBHOOK_SEALING_KEY": secret, "VALKEY_URL": "valkey://:hunter2@cache/0"}
    shown = repr(load_api_settings(registry.common | given))
    assert secret not in shown
    assert "hunter2" not in shown


async def test_a_private_registry_tells_strangers_nothing(
    container: ApiContainer, registry: Registry
) -> None:
    stranger = private_client(container)
    answers: list[Answer] = []
    for path in ("/openapi.json", "/docs", "/redoc", "/v1/packages/a/b", "/v1/nothing", "/x"):
        answers.append(await stranger.get(path))
    bodies = {answer.json()["detail"] for answer in answers}
    assert {answer.status for answer in answers} == {401}
    assert len(bodies) == 1, "what is there and what is not are answered alike"
