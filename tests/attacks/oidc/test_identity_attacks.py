"""Attacks E1-E11 on trusted publishing, against issuers that these tests run."""

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
from support.asgi import Answer, AsgiClient
from support.issuer import AUDIENCE, Issuer, b64url, jwk, rsa_key, sign
from support.registry import Registry, client_of
from support.trusted import PUBLISHERS, github_publisher, gitlab_publisher, mint, trust


def why(answer: Answer) -> str:
    detail: str = answer.json()["detail"]
    return detail


def tokens(registry: Registry) -> int:
    found: int = registry.sql("SELECT count(*) FROM publisher_tokens")[0][0]
    return found


async def refused(
    client: AsgiClient, registry: Registry, token: str, said: str, status: int = 401
) -> None:
    """The token buys nothing, for the reason that is meant."""
    answer = await mint(client, token)
    assert answer.status == status, answer.body
    assert said in why(answer)
    assert tokens(registry) == 0


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


REUSED = "Evil-Corp/shared/.github/workflows/release.yml@refs/heads/main"


@pytest.mark.parametrize(
    "claims",
    [
        {"job_workflow_ref": REUSED},
        {"job_workflow_ref": "Acme-Corp/demo/.github/workflows/other.yml@refs/heads/main"},
        {"job_workflow_ref": "Acme-Corp/demo/.github/workflows/release.yml@refs/heads/evil"},
        {"job_workflow_ref": "Acme-Corp/demo/.github/workflows/release.yml"},
        {"job_workflow_ref": "Acme-Corp/demo/.github/workflows/release.yml@refs/heads/main@x"},
        {"job_workflow_ref": "Acme-Corp/demo/.github/workflows/RELEASE.yml@refs/heads/main"},
        {"ref": "refs/heads/evil"},
        {"repository": "Acme-Corp/other"},
        {"repository": "Evil-Corp/demo"},
        {"repository_owner": "Evil-Corp"},
    ],
)
async def test_e7_another_workflow_repository_or_ref(
    acme: AsgiClient, github: Issuer, registry: Registry, claims: dict[str, Any]
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(**claims))
    await refused(acme, registry, token, "no trusted publisher", 403)


async def test_e7_a_workflow_by_its_commit_is_the_same(acme: AsgiClient, github: Issuer) -> None:
    await trust(acme, github_publisher())
    by_sha = f"acme-corp/DEMO/.github/workflows/release.yml@{'ab' * 20}"
    token = github.sign(github.github(job_workflow_ref=by_sha, repository="acme-corp/Demo"))
    assert (await mint(acme, token)).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "project_path:acme-group/tools/demo-evil:ref_type:branch:ref:main"},
        {"sub": "project_path:evil/demo:ref_type:branch:ref:main"},
        {"project_path": "evil/demo"},
        {"ci_config_ref_uri": "gitlab.com/acme-group/tools/demo//.gitlab-ci.yml@refs/heads/main"},
        {"ref_path": "refs/heads/evil"},
    ],
)
async def test_e7_another_project_at_gitlab(
    acme: AsgiClient, gitlab: Issuer, registry: Registry, claims: dict[str, Any]
) -> None:
    await trust(acme, gitlab_publisher())
    token = gitlab.sign(gitlab.gitlab(**claims))
    await refused(acme, registry, token, "no trusted publisher", 403)


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
async def test_e8_events_that_strangers_cause(
    acme: AsgiClient, github: Issuer, registry: Registry, event: str
) -> None:
    await trust(acme, github_publisher())
    token = github.sign(github.github(event_name=event))
    await refused(acme, registry, token, "no trusted publisher", 403)


@pytest.mark.parametrize("environment", [None, "", "staging", "production2"])
async def test_e9_without_the_environment(
    acme: AsgiClient, github: Issuer, registry: Registry, environment: str | None
) -> None:
    await trust(acme, github_publisher(environment="Production"))
    token = github.sign(github.github(environment=environment))
    await refused(acme, registry, token, "no trusted publisher", 403)


async def test_e9_with_the_environment(acme: AsgiClient, github: Issuer, gitlab: Issuer) -> None:
    await trust(acme, github_publisher(environment="Production"))
    await trust(acme, gitlab_publisher(environment="Production"))
    assert (await mint(acme, github.sign(github.github(environment="production")))).status == 200
    right = gitlab.sign(gitlab.gitlab(environment="Production"))
    assert (await mint(acme, right)).status == 200
    case = gitlab.sign(gitlab.gitlab(environment="production"))
    assert (await mint(acme, case)).status == 403, "GitLab's environments have case"


async def test_e9_an_environment_that_nobody_asked_for_is_a_warning(
    acme: AsgiClient, github: Issuer
) -> None:
    await trust(acme, github_publisher())
    answer = await mint(acme, github.sign(github.github(environment="production")))
    assert "environment" in answer.json()["warnings"][0]


async def test_e10_a_forged_key_id(acme: AsgiClient, github: Issuer, registry: Registry) -> None:
    await trust(acme, github_publisher())
    claims = github.github()
    evil = rsa_key("evil")
    await refused(acme, registry, sign(claims, evil), "not by its issuer")
    await refused(acme, registry, sign(claims, evil, "k2"), "no such key")
    await refused(acme, registry, sign(claims, evil, None), "names no key")
    await refused(acme, registry, sign(claims, evil, jwk=jwk("k1", evil)), "not by its issuer")
    await refused(acme, registry, sign(claims, evil, crit=["exp"]), "not understood")


async def test_e10_unknown_key_ids_do_not_make_requests(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    """The cool-down: whoever sends key ids decides nothing of what the issuer is asked."""
    await trust(acme, github_publisher())
    for number in range(10):
        token = github.sign(github.github(), kid=f"forged-{number}")
        await refused(acme, registry, token, "no such key")
    assert github.asked() == 1


async def test_e10_an_empty_set_of_keys_is_not_kept(
    acme: AsgiClient, container: ApiContainer, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    keys, github.keys = github.keys, []
    token = github.sign(github.github())
    await refused(acme, registry, token, "no RSA key", 503)
    await refused(acme, registry, token, "could not be fetched", 503)
    assert github.asked() == 1
    github.keys = keys
    known = container.issuer_keys._known[github.url]
    known.asked_at = (known.asked_at or 0) - 61
    assert (await mint(acme, token)).status == 200


@pytest.mark.parametrize(
    "shown",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"use": "enc"},
        {"alg": "RS512"},
        {"n": "AQAB"},
        {"n": 7},
        {"n": "!!!"},
        {"n": "A" * 4000},
        {"e": "AA"},
        {"d": "AQAB"},
        {"kid": 7},
    ],
)
async def test_e10_keys_that_are_none(
    acme: AsgiClient, github: Issuer, registry: Registry, shown: dict[str, Any]
) -> None:
    await trust(acme, github_publisher())
    github.keys = [github.keys[0] | shown, "no key"]  # type: ignore[list-item]
    await refused(acme, registry, github.sign(github.github()), "no RSA key", 503)


async def test_e10_a_short_key(acme: AsgiClient, github: Issuer, registry: Registry) -> None:
    await trust(acme, github_publisher())
    short = rsa_key("short", 1024)
    github.keys = [jwk("k1", short)]
    await refused(acme, registry, sign(github.github(), short), "no RSA key", 503)


async def test_e11_one_issuer_forges_anothers_project(
    acme: AsgiClient, github: Issuer, gitlab: Issuer, registry: Registry
) -> None:
    """A self-managed GitLab says that it is a project of another issuer's."""
    await trust(acme, github_publisher())
    await refused(acme, registry, gitlab.sign(gitlab.gitlab()), "no trusted publisher", 403)
    forged = github.github(iss=gitlab.url)
    await refused(acme, registry, gitlab.sign(forged), "no trusted publisher", 403)
    stolen = gitlab.sign(github.github())
    await refused(acme, registry, stolen, "not by its issuer")


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "e30.e30.",
        "W10.W10.x",
        "e30.e30.e30",
        "." * 100,
        "x" * 16384,
        "[" * 5000 + "..",
    ],
)
async def test_no_token_at_all(acme: AsgiClient, registry: Registry, token: str) -> None:
    answer = await mint(acme, token)
    assert answer.status == 401, answer.body


async def test_claims_that_stand_twice(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    claims = json.dumps(github.github()).encode()
    twice = claims[:-1] + b', "repository": "Acme-Corp/demo"}'
    await refused(acme, registry, sign(twice, github.key), "no JSON object")
    deep = b'{"a":' + b"[" * 6000 + b"]" * 6000 + b"}"
    await refused(acme, registry, sign(deep, github.key)[:16000], "")


async def test_the_refusal_tells_nothing_of_what_is_configured(
    acme: AsgiClient, github: Issuer
) -> None:
    await trust(acme, github_publisher(environment="very-secret-name"))
    answer = await mint(acme, github.sign(github.github()))
    assert answer.status == 403
    assert "very-secret-name" not in answer.body.decode()
    assert "Acme-Corp/demo" in why(answer), "its own claims are named"
    nothing = await mint(acme, github.sign(github.github()), "acme/absent")
    assert nothing.status == 403
    assert why(nothing).replace("acme/absent", "acme/demo") == why(answer)


async def test_claims_that_nobody_knows_are_reported(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    answer = await mint(acme, github.sign(github.github(new_claim="x")))
    assert answer.json()["unknown_claims"] == ["new_claim"]
    said = registry.sql(
        "SELECT details -> 'unknown_claims' FROM audit WHERE action = 'token-minted'"
    )
    assert said == [(["new_claim"],)]
