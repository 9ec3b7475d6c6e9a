"""Attacks E1-E6 on trusted publishing, against issuers that these tests run."""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest

from skreg.bootstrap import ApiContainer, utc_now
from support.asgi import AsgiClient
from support.identity import refused, tokens, why
from support.issuer import AUDIENCE, Issuer, b64url
from support.registry import Registry, client_of
from support.trusted import PUBLISHERS, github_publisher, gitlab_publisher, mint, trust


async def test_what_is_right_is_taken(
    acme: AsgiClient, github: Issuer, gitlab: Issuer, registry: Registry
) -> None:
    """Everything below changes one thing of these two."""
    await trust(acme, github_publisher())
    await trust(acme, gitlab_publisher())
    for token in (github.sign(github.github()), gitlab.sign(gitlab.gitlab())):
        answer = await mint(acme, token)
        assert answer.status == 200, answer.body
        assert answer.json()["expires_in"] == 900
        assert answer.json()["unknown_claims"] == []
    assert tokens(registry) == 2


@pytest.mark.parametrize(
    "audience",
    ["http://other.test", [AUDIENCE], [AUDIENCE, "http://other.test"], "", None, 7, AUDIENCE + "/"],
)
async def test_e1_wrong_or_several_audiences(
    acme: AsgiClient, github: Issuer, registry: Registry, audience: object
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(aud=audience))
    await refused(acme, registry, token, "another audience")


@pytest.mark.parametrize("change", ["/", "/x", "?", "@evil.test", ".evil.test"])
async def test_e2_a_look_alike_issuer(
    acme: AsgiClient, github: Issuer, registry: Registry, change: str
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(iss=github.url + change))
    await refused(acme, registry, token, "not one that this registry trusts")
    assert github.asked() == 0, "an issuer that is not pinned is never asked"


async def test_e2_an_issuer_that_speaks_for_another(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    told = json.dumps({"issuer": "https://evil.test", "jwks_uri": f"{github.url}/jwks"}).encode()
    github.server.script["/.well-known/openid-configuration"] = lambda h: h.reply(200, told)
    token = github.sign(github.github())
    await refused(acme, registry, token, "discovery document is of another", 503)


async def test_e2_keys_from_another_host(
    acme: AsgiClient, github: Issuer, gitlab: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    told = json.dumps({"issuer": github.url, "jwks_uri": f"{gitlab.url}/jwks"}).encode()
    github.server.script["/.well-known/openid-configuration"] = lambda h: h.reply(200, told)
    token = github.sign(github.github())
    await refused(acme, registry, token, "another host", 503)
    assert gitlab.asked() == 0


async def test_e3_no_algorithm(acme: AsgiClient, github: Issuer, registry: Registry) -> None:
    await trust(acme, github_publisher())
    for algorithm in ("none", "None", "nOnE", ""):
        head = b64url(json.dumps({"alg": algorithm, "kid": "k1"}).encode())
        body = b64url(json.dumps(github.github()).encode())
        await refused(acme, registry, f"{head}.{body}.", "algorithm")


@pytest.mark.parametrize("algorithm", ["HS256", "RS384", "RS512", "PS256", "ES256", "rs256"])
async def test_e3_another_algorithm(
    acme: AsgiClient, github: Issuer, registry: Registry, algorithm: str
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(), alg=algorithm)
    await refused(acme, registry, token, "algorithm")


async def test_e3_the_public_key_as_an_hmac_secret(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    secret = json.dumps(github.keys[0]).encode()
    for algorithm, said in (("HS256", "algorithm"), ("RS256", "not by its issuer")):
        head = b64url(json.dumps({"alg": algorithm, "kid": "k1"}).encode())
        signed = f"{head}.{b64url(json.dumps(github.github()).encode())}"
        forged = hmac.digest(secret, signed.encode(), "sha256")
        await refused(acme, registry, f"{signed}.{b64url(forged)}", said)


async def test_e4_a_token_is_good_once(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github())
    assert (await mint(acme, token)).status == 200
    again = await mint(acme, token)
    assert again.status == 401
    assert "used before" in why(again)
    resigned = github.sign(github.github(jti=_claims(token)["jti"]))
    assert (await mint(acme, resigned)).status == 401, "the same jti in another token"
    assert tokens(registry) == 1


def _claims(token: str) -> dict[str, Any]:
    from base64 import urlsafe_b64decode

    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=="))
    return found


async def test_e4_of_twenty_at_the_same_time_one_is_taken(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github())
    answers = await asyncio.gather(*(mint(acme, token) for _ in range(20)))
    assert sorted(one.status for one in answers) == [200] + [401] * 19
    assert tokens(registry) == 1


async def test_e4_not_within_the_leeway_either(
    container: ApiContainer, acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(exp=int(time.time()) + 2))
    assert (await mint(acme, token)).status == 200
    late = dataclasses.replace(container, clock=lambda: utc_now() + timedelta(seconds=20))
    again = await mint(client_of(late), token)
    assert "used before" in why(again)
    kept = registry.sql("SELECT expires_at > now() + interval '30 s' FROM used_identity_tokens")
    assert kept == [(True,)]


async def test_e4_what_cannot_be_good_any_more_is_forgotten(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    assert (await mint(acme, github.sign(github.github()))).status == 200
    registry.sql("UPDATE used_identity_tokens SET expires_at = now() - interval '1 s'")
    assert (await mint(acme, github.sign(github.github()))).status == 200
    assert registry.sql("SELECT count(*) FROM used_identity_tokens") == [(1,)]


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": 100}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": 2**35}, "future"),
        ({"nbf": 2**35}, "not good yet"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 2000}, "jti"),
        ({"iss": None}, "iss"),
    ],
)
async def test_e4_times_and_number_are_needed(
    acme: AsgiClient, github: Issuer, registry: Registry, claims: dict[str, Any], said: str
) -> None:
    await trust(acme, github_publisher())
    await refused(acme, registry, github.sign(github.github(**claims)), said)


async def test_e5_the_owners_name_was_taken_over(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(repository_owner_id="4712"))
    await refused(acme, registry, token, "no trusted publisher", 403)


async def test_e5_the_repository_was_made_anew(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    assert (await mint(acme, github.sign(github.github()))).status == 200
    other = await mint(acme, github.sign(github.github(repository_id="816")))
    assert other.status == 403, "its number was kept at the first use"
    assert (await mint(acme, github.sign(github.github()))).status == 200
    shown = (await acme.get(PUBLISHERS)).json()["publishers"][0]
    assert shown["repository_id"] == "815"


async def test_e5_two_first_uses_at_once_keep_one_number(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    made = [github.sign(github.github(repository_id=str(number))) for number in (1, 2, 3, 4)]
    answers = await asyncio.gather(*(mint(acme, token) for token in made))
    assert sorted(one.status for one in answers) == [200, 403, 403, 403]


@pytest.mark.parametrize("claim", ["namespace_id", "project_id"])
async def test_e6_gitlabs_numbers_are_kept_at_the_first_use(
    acme: AsgiClient, gitlab: Issuer, claim: str
) -> None:
    await trust(acme, gitlab_publisher())
    assert (await mint(acme, gitlab.sign(gitlab.gitlab()))).status == 200
    other = await mint(acme, gitlab.sign(gitlab.gitlab(**{claim: "99"})))
    assert other.status == 403
    assert (await mint(acme, gitlab.sign(gitlab.gitlab()))).status == 200
