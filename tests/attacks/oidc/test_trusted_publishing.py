"""Trusted publishing as owners and CI see it, and attack E12: a token used for something else."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from skreg.bootstrap import ApiContainer, utc_now
from support.accounts import FakeMail
from support.asgi import Answer, AsgiClient
from support.issuer import AUDIENCE, Issuer
from support.registry import PASSWORD, Registry, client_of, signed_up
from support.skills import make_skill
from support.trusted import PUBLISHERS, github_publisher, gitlab_publisher, mint, trust

DEMO = "/v1/packages/acme/demo"


async def put(client: AsgiClient, path: str, body: bytes) -> Answer:
    sent = {"content-type": "application/json"}
    return await client.request("PUT", path, body=body, headers=sent)


async def only(client: AsgiClient, value: str) -> Answer:
    return await put(client, PUBLISHERS, b'{"trusted_only": %s}' % value.encode())


async def ci(acme: AsgiClient, github: Issuer) -> AsgiClient:
    """A client with the token of a CI job."""
    answer = await mint(acme, github.sign(github.github()))
    assert answer.status == 200, answer.body
    return AsgiClient(acme.app, answer.json()["token"])


async def test_a_pending_publisher_makes_its_package(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    assert (await acme.get(PUBLISHERS)).json()["publishers"][0]["is_pending"] is True
    assert registry.sql("SELECT count(*) FROM packages") == [(0,)]
    job = await ci(acme, github)
    assert registry.sql("SELECT count(*) FROM packages") == [(0,)], "minting makes nothing"
    taken = await job.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert taken.status == 202, taken.body
    assert (await job.get(f"{DEMO}/1.0.0/status")).json()["state"] == "uploaded"
    await registry.work()
    assert (await job.get(f"{DEMO}/1.0.0/status")).json()["state"] == "published"
    assert registry.verify("acme/demo@1.0.0")
    (shown,) = (await acme.get(PUBLISHERS)).json()["publishers"]
    assert (shown["is_pending"], shown["repository_id"]) == (False, "815")
    said = registry.sql("SELECT details FROM audit WHERE action = 'publish'")[0][0]
    assert said["publisher"] == shown["id"]
    assert said["claims"]["repository"] == "Acme-Corp/demo"


async def test_owners_are_told_when_a_pending_publisher_made_its_package(
    container: ApiContainer, github: Issuer, registry: Registry
) -> None:
    mail = FakeMail()
    acme = await signed_up(client_of(dataclasses.replace(container, mail=mail)))
    await trust(acme, github_publisher())
    registry.sql("UPDATE accounts SET email = 'owner@example.org' WHERE username = 'acme'")
    job = await ci(acme, github)
    for version in ("1.0.0", "1.1.0"):
        data = make_skill("acme", "demo", version)
        assert (await job.upload(f"{DEMO}/publish", data)).status == 202
    ((to, subject, text),) = mail.sent
    assert (to, subject) == ("owner@example.org", "acme/demo was published")
    assert "for the first time" in text
    assert (await acme.upload(f"{DEMO}2/publish", make_skill("acme", "demo2"))).status == 202
    assert len(mail.sent) == 1, "what a person makes, a person knows of"


async def test_e12_the_token_is_for_one_package_and_for_publishing(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    job = await ci(acme, github)
    other = await job.upload("/v1/packages/acme/other/publish", make_skill("acme", "other"))
    assert other.status == 403
    await signed_up(AsgiClient(acme.app), "bob")
    theirs = await job.upload("/v1/packages/bob/demo/publish", make_skill("bob", "demo"))
    assert theirs.status == 403
    inside = await job.upload(f"{DEMO}/publish", make_skill("acme", "other"))
    assert inside.status == 422, "the archive is of another package"
    assert (await job.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 202
    await registry.work()
    for answer in (
        await job.post(f"{DEMO}/1.0.0/yank", {}),
        await job.post(f"{DEMO}/1.0.0/deprecate", {"message": "x"}),
        await job.post(f"{DEMO}/transfer", {"to_namespace": "bob"}),
        await job.post(PUBLISHERS, github_publisher(repository="evil")),
        await only(job, "false"),
        await job.request("DELETE", f"{DEMO}/1.0.0"),
        await job.post("/v1/tokens", {"name": "x", "scopes": ["publish"]}),
        await job.post("/v1/namespaces", {"name": "mine"}),
    ):
        assert answer.status == 403, answer.body


async def test_e12_the_token_ends(
    container: ApiContainer, acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    job = await ci(acme, github)
    registry.sql("UPDATE tokens SET expires_at = now()")
    late = await job.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert late.status == 401
    assert container.clock() < utc_now() + timedelta(minutes=1)


async def test_removing_a_publisher_ends_its_tokens(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    publisher = await trust(acme, github_publisher())
    job = await ci(acme, github)
    gone = await acme.request("DELETE", f"{PUBLISHERS}/{publisher}")
    assert gone.status == 204
    assert (await job.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 401
    assert (await mint(acme, github.sign(github.github()))).status == 403
    assert (await acme.request("DELETE", f"{PUBLISHERS}/{publisher}")).status == 404


async def test_a_banned_namespace_mints_nothing(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await trust(acme, github_publisher())
    job = await ci(acme, github)
    registry.sql("UPDATE namespaces SET banned_at = now()")
    assert (await mint(acme, github.sign(github.github()))).status == 403
    assert (await job.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 403


async def test_trusted_publishing_only(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    assert (await only(acme, "true")).status == 404
    assert (await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))).status == 202
    assert (await only(acme, "true")).status == 409, "nobody could publish any more"
    await trust(acme, github_publisher())
    assert (await only(acme, "true")).json()["trusted_only"] is True
    new = make_skill("acme", "demo", "1.1.0")
    refused = await acme.upload(f"{DEMO}/publish", new)
    assert refused.status == 403
    assert "trusted publishers alone" in refused.json()["detail"]
    assert (await (await ci(acme, github)).upload(f"{DEMO}/publish", new)).status == 202
    assert (await acme.get(PUBLISHERS)).json()["trusted_only"] is True
    assert (await only(acme, "false")).status == 200
    newer = make_skill("acme", "demo", "1.2.0")
    assert (await acme.upload(f"{DEMO}/publish", newer)).status == 202


async def test_a_pending_name_is_spoken_for(acme: AsgiClient, github: Issuer) -> None:
    path = "/v1/packages/acme/hello/publishers"
    await trust(acme, github_publisher(), path)
    twin = await acme.upload("/v1/packages/acme/he11o/publish", make_skill("acme", "he11o"))
    assert twin.status == 409
    other = await acme.post("/v1/packages/acme/he11o/publishers", github_publisher())
    assert other.status == 409
    reserved = await acme.post("/v1/packages/acme/con/publishers", github_publisher())
    assert reserved.status == 422
    same = await acme.upload("/v1/packages/acme/hello/publish", make_skill("acme", "hello"))
    assert same.status == 202
    assert (await acme.get(path)).json()["publishers"][0]["is_pending"] is False


async def test_a_rename_takes_the_publishers_along(
    acme: AsgiClient, github: Issuer, registry: Registry
) -> None:
    await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    await trust(acme, github_publisher())
    await registry.work()
    await acme.post(f"{DEMO}/transfer", {"to_namespace": "acme", "to_name": "renamed"})
    assert (await mint(acme, github.sign(github.github()))).status == 403
    assert (await mint(acme, github.sign(github.github()), "acme/renamed")).status == 200


async def test_only_owners_say_who_is_trusted(client: AsgiClient, acme: AsgiClient) -> None:
    other = await signed_up(client, "mallory")
    assert (await client.get(PUBLISHERS)).status == 401
    assert (await other.get(PUBLISHERS)).status == 403
    assert (await other.post(PUBLISHERS, github_publisher())).status == 403
    assert (await acme.post("/v1/packages/no/x/publishers", github_publisher())).status == 404
    assert (await acme.get(PUBLISHERS)).json() == {"trusted_only": False, "publishers": []}


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("owner_id", github_publisher(owner_id=None)),
        ("owner_id", github_publisher(owner_id="alice")),
        ("owner", github_publisher(owner="Acme/Corp")),
        ("owner", github_publisher(owner="-acme")),
        ("repository", github_publisher(repository="a/b")),
        ("repository", github_publisher(repository="..")),
        ("repository_id", github_publisher(repository_id="x")),
        ("workflow", github_publisher(workflow="release.yml@refs/heads/main")),
        ("workflow", github_publisher(workflow="../release.yml")),
        ("workflow", github_publisher(workflow="release.sh")),
        ("workflow", gitlab_publisher(workflow="ci//x.yml")),
        ("owner", gitlab_publisher(owner="a//b")),
        ("owner", gitlab_publisher(owner="a/../b")),
        ("issuer", gitlab_publisher(issuer="https://gitlab.com")),
    ],
)
async def test_what_no_provider_writes(acme: AsgiClient, field: str, body: dict[str, Any]) -> None:
    answer = await acme.post(PUBLISHERS, body)
    assert answer.status == 422, answer.body
    assert answer.json()["errors"][0]["path"] == field


async def test_the_same_publisher_twice_and_too_many(
    acme: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skreg.api.services import publishers

    monkeypatch.setattr(publishers, "MAX_PUBLISHERS", 1)
    await trust(acme, github_publisher())
    assert (await acme.post(PUBLISHERS, github_publisher())).status == 409
    assert (await acme.post(PUBLISHERS, github_publisher(repository="x"))).status == 409


async def test_a_self_managed_issuer_has_to_be_named(
    container: ApiContainer, acme: AsgiClient, gitlab: Issuer
) -> None:
    two = f"gitlab={gitlab.url},gitlab=https://gitlab.example"
    settings = container.settings.model_copy(update={"trusted_issuers": two})
    api = client_of(dataclasses.replace(container, settings=settings))
    session = await api.post("/v1/auth/login", {"username": "acme", "password": PASSWORD})
    api.token = session.json()["access_token"]
    assert (await api.post(PUBLISHERS, gitlab_publisher())).status == 422
    assert (await api.post(PUBLISHERS, gitlab_publisher(issuer=gitlab.url))).status == 201
    assert (await mint(api, gitlab.sign(gitlab.gitlab()))).status == 200


async def test_the_audience_is_told(client: AsgiClient) -> None:
    assert (await client.get("/v1/oidc/audience")).json() == {"audience": AUDIENCE}


@pytest.mark.parametrize(
    "package", ["demo", "acme/", "/demo", "Acme/demo", "a/b/c", "acme/dem\u00f6"]
)
async def test_a_package_is_named_as_ns_name(acme: AsgiClient, package: str) -> None:
    answer = await mint(acme, "x.y.z", package)
    assert answer.status == 422
