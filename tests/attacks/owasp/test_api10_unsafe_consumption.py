"""OWASP API10:2023, unsafe consumption of APIs: an OIDC issuer that lies, stalls or floods.

The registry asks a CI provider for its discovery document and keys. Whatever comes back, no token
is minted that should not be, no other host is asked, and no request hangs or takes memory.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer
from support import issuer, loopback
from support.asgi import Answer, AsgiClient
from support.issuer import DISCOVERY, JWKS, Issuer, jwk, rsa_key, sign
from support.loopback import Play
from support.registry import Registry
from support.trusted import github_publisher, mint, trust, trusting


@pytest.fixture
def github() -> Iterator[Issuer]:
    with issuer.running() as running:
        yield running


@pytest_asyncio.fixture
async def container(registry: Registry, github: Issuer) -> AsyncIterator[ApiContainer]:
    made = registry.api()
    yield dataclasses.replace(made, **trusting(made, github=github))
    await made.close()


async def ask(acme: AsgiClient, github: Issuer) -> Answer:
    return await mint(acme, github.sign(github.github()))


def discovery(**facts: object) -> Play:
    return loopback.body(json.dumps(facts).encode())


@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
@pytest.mark.parametrize(
    "play",
    [
        loopback.body(b"", 500),
        loopback.body(b"", 404),
        loopback.body(b"{}", 204),
        loopback.body(b"<html>"),
        loopback.body(b"[]"),
        loopback.body(b"\xff\xfe\x00"),
        loopback.body(b'{"keys": ' + b"[" * 50_000),
        loopback.body(b" " * 300_000),
        loopback.hang_up,
        loopback.redirect("http://127.0.0.1:1/elsewhere"),
    ],
    ids=["500", "404", "204", "html", "list", "bytes", "deep", "large", "hang-up", "redirect"],
)
async def test_whatever_an_issuer_answers_it_is_a_refusal(
    acme: AsgiClient, github: Issuer, registry: Registry, path: str, play: Play
) -> None:
    await trust(acme, github_publisher())
    github.server.script[path] = play
    answer = await ask(acme, github)
    assert answer.status == 503, answer.body
    assert answer.headers["retry-after"]
    assert registry.sql("SELECT count(*) FROM publisher_tokens") == [(0,)]


@pytest.mark.parametrize(
    "where",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/jwks",
        "http://localhost:{port}/jwks",
        "https://127.0.0.1:{port}/jwks",
        "http://user@127.0.0.1:{port}/jwks",
        "file:///etc/passwd",
        "//127.0.0.1:{port}/jwks",
        "/jwks",
        "",
        7,
        None,
    ],
)
async def test_an_issuer_does_not_send_us_anywhere_else(
    acme: AsgiClient, github: Issuer, where: object
) -> None:
    """Server-side request forgery through ``jwks_uri``: keys come from the issuer's own host."""
    await trust(acme, github_publisher())
    port = github.url.rpartition(":")[2]
    told = where.replace("{port}", port) if isinstance(where, str) else where
    github.server.script[DISCOVERY] = discovery(issuer=github.url, jwks_uri=told)
    answer = await ask(acme, github)
    assert answer.status == 503
    assert github.asked() == 0


async def test_a_slow_issuer_does_not_hold_a_request(acme: AsgiClient, github: Issuer) -> None:
    await trust(acme, github_publisher())
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    github.server.script[JWKS] = loopback.drip(head, b" ", 0.1)
    began = time.monotonic()
    assert (await ask(acme, github)).status == 503
    assert time.monotonic() - began < 15


async def test_one_issuer_is_asked_once_for_many_requests(acme: AsgiClient, github: Issuer) -> None:
    await trust(acme, github_publisher())
    answers = await asyncio.gather(*(ask(acme, github) for _ in range(10)))
    assert {one.status for one in answers} == {200}
    assert (github.asked(DISCOVERY), github.asked(JWKS)) == (1, 1)


async def test_an_issuer_that_is_away_is_not_asked_in_a_loop(
    acme: AsgiClient, github: Issuer
) -> None:
    await trust(acme, github_publisher())
    github.server.script[JWKS] = loopback.body(b"", 500)
    for _ in range(5):
        assert (await ask(acme, github)).status == 503
    assert github.asked() == 1


async def test_known_keys_outlive_a_short_absence(
    acme: AsgiClient, container: ApiContainer, github: Issuer
) -> None:
    """Within their hour; afterwards nothing is believed that nobody confirmed."""
    await trust(acme, github_publisher())
    assert (await ask(acme, github)).status == 200
    known = container.issuer_keys._known[github.url]
    github.server.script[JWKS] = loopback.body(b"", 500)
    known.asked_at = (known.asked_at or 0) - 61
    forged = await mint(acme, github.sign(github.github(), kid="new"))
    assert forged.status == 401
    assert (await ask(acme, github)).status == 200
    known.fetched_at = (known.fetched_at or 0) - 3601
    known.asked_at = (known.asked_at or 0) - 61
    assert (await ask(acme, github)).status == 503


async def test_a_key_that_was_taken_back_stops_counting(
    acme: AsgiClient, container: ApiContainer, github: Issuer
) -> None:
    await trust(acme, github_publisher())
    stolen = github.sign(github.github())
    assert (await ask(acme, github)).status == 200
    github.keys = [jwk("k2", rsa_key("rotated"))]
    known = container.issuer_keys._known[github.url]
    known.fetched_at = (known.fetched_at or 0) - 3601
    known.asked_at = (known.asked_at or 0) - 3601
    assert (await mint(acme, stolen)).status == 401
    fresh = sign(github.github(), rsa_key("rotated"), "k2")
    assert (await mint(acme, fresh)).status == 200


async def test_a_key_id_that_stands_twice_means_the_first(acme: AsgiClient, github: Issuer) -> None:
    await trust(acme, github_publisher())
    github.keys.append(jwk("k1", rsa_key("evil")))
    assert (await mint(acme, sign(github.github(), rsa_key("evil")))).status == 401
    assert (await ask(acme, github)).status == 200


async def test_a_flood_of_keys_is_cut(acme: AsgiClient, github: Issuer) -> None:
    await trust(acme, github_publisher())
    github.keys = [jwk(f"x{n}", rsa_key("evil")) for n in range(64)] + github.keys
    answer = await ask(acme, github)
    assert answer.status == 401, "only so many are looked at"


@pytest.mark.parametrize(
    "value",
    [
        "\x00",
        "\ud800",
        "'; DROP TABLE tokens; --",
        "<script>",
        "\u202e",
        "x" * 1025,
        "\r\nSet-Cookie: a",
    ],
)
async def test_claims_are_data(
    acme: AsgiClient, github: Issuer, registry: Registry, value: str
) -> None:
    """A verified claim is still a stranger's text: in the database, the log and the answer."""
    await trust(acme, github_publisher())
    for claim in ("actor", "run_id", "repository", "repository_id", "jti", "new-" + "claim"):
        answer = await mint(acme, github.sign(github.github(**{claim: value})))
        assert answer.status in (200, 401, 403, 422), (claim, answer.body)
        assert "set-cookie" not in answer.headers
    assert registry.sql("SELECT count(*) FROM tokens")
