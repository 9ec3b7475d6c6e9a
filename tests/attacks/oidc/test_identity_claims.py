"""Attacks E7-E11 on trusted publishing, against issuers that these tests run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.identity import refused, why
from support.issuer import Issuer, jwk, rsa_key, sign
from support.registry import Registry
from support.trusted import github_publisher, gitlab_publisher, mint, trust

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
