"""Dist-tags, deprecation, build metadata: what the signed index says of a package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from skillpkg.install.index import PackageIndex
from skillpkg.package_ref import PackageRef
from support.asgi import Answer, AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"
TAGS = f"{DEMO}/dist-tags"


async def publish(client: AsgiClient, registry: Registry, *versions: str) -> None:
    for version in versions:
        data = make_skill("acme", "demo", version)
        assert (await client.upload(f"{DEMO}/publish", data)).status == 202
    await registry.work()


async def put(client: AsgiClient, path: str, body: Any) -> Answer:
    import json

    sent = {"content-type": "application/json"}
    return await client.request("PUT", path, body=json.dumps(body).encode(), headers=sent)


async def delete(client: AsgiClient, path: str) -> Answer:
    return await client.request("DELETE", path)


def index(registry: Registry, package: str = "acme/demo") -> PackageIndex:
    return registry.verifier().open_index(PackageRef.parse(package))


async def test_a_tag_is_in_the_signed_index(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry, "1.0.0", "2.0.0")
    made = await put(acme, f"{TAGS}/beta", {"version": "1.0.0"})
    assert (made.status, made.json()["tags"]) == (200, {"beta": "1.0.0", "latest": "2.0.0"})
    before = index(registry).sequence
    await registry.work()
    assert index(registry).dist_tags == {"beta": "1.0.0", "latest": "2.0.0"}
    assert index(registry).sequence == before + 1
    assert (await acme.get(f"{DEMO}/beta")).json()["version"] == "1.0.0"
    assert (await delete(acme, f"{TAGS}/beta")).json()["tags"] == {"latest": "2.0.0"}
    assert (await delete(acme, f"{TAGS}/beta")).status == 404
    await registry.work()
    assert index(registry).dist_tags == {"latest": "2.0.0"}


async def test_latest_is_what_was_set_until_that_is_yanked(
    acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "1.0.0", "2.0.0")
    assert (await put(acme, f"{TAGS}/latest", {"version": "1.0.0"})).status == 200
    await registry.work()
    assert index(registry).dist_tags == {"latest": "1.0.0"}
    assert (await acme.get(DEMO)).json()["latest"] == "1.0.0"
    assert (await acme.get(f"{DEMO}/latest")).json()["version"] == "1.0.0"
    found = (await acme.get("/v1/search?q=demo")).json()["results"]
    assert found[0]["version"] == "1.0.0"
    await publish(acme, registry, "3.0.0")
    assert index(registry).dist_tags == {"latest": "1.0.0"}
    await acme.post(f"{DEMO}/1.0.0/yank", {"reason": "broken"})
    await registry.work()
    assert index(registry).dist_tags == {"latest": "3.0.0"}
    await delete(acme, f"{TAGS}/latest")
    assert (await acme.get(TAGS)).json()["tags"] == {"latest": "3.0.0"}


async def test_setting_a_tag_again_signs_nothing(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry, "1.0.0")
    await put(acme, f"{TAGS}/beta", {"version": "1.0.0"})
    await registry.work()
    sequence = index(registry).sequence
    assert (await put(acme, f"{TAGS}/beta", {"version": "1.0.0"})).status == 200
    await registry.work()
    assert index(registry).sequence == sequence


@pytest.mark.parametrize("tag", ["1.0.0", "^1", "x", "Beta", "versions", "publishers", "a b", "1"])
async def test_what_could_be_a_version_is_no_tag(acme: AsgiClient, tag: str) -> None:
    answer = await put(acme, f"{TAGS}/{tag.replace(' ', '%20')}", {"version": "1.0.0"})
    assert (answer.status, answer.json()["errors"][0]["rule"]) == (422, "tag")


async def test_a_tag_names_a_published_version(acme: AsgiClient, registry: Registry) -> None:
    missing = await put(acme, f"{TAGS}/beta", {"version": "1.0.0"})
    assert missing.status == 404
    await publish(acme, registry, "1.0.0")
    assert (await put(acme, f"{TAGS}/beta", {"version": "9.0.0"})).status == 404
    await acme.post(f"{DEMO}/1.0.0/yank", {})
    assert (await put(acme, f"{TAGS}/beta", {"version": "1.0.0"})).status == 409


async def test_a_package_has_so_many_tags_at_most(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skreg.api.services import tagging

    monkeypatch.setattr(tagging, "MAX_TAGS", 1)
    await publish(acme, registry, "1.0.0")
    assert (await put(acme, f"{TAGS}/a", {"version": "1.0.0"})).status == 200
    assert (await put(acme, f"{TAGS}/b", {"version": "1.0.0"})).status == 409
    assert (await acme.get(TAGS)).json()["tags"] == {"a": "1.0.0", "latest": "1.0.0"}


async def test_only_members_tag_and_deprecate(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "1.0.0")
    other = await signed_up(client, "mallory")
    body = {"version": "1.0.0"}
    assert (await put(client, f"{TAGS}/beta", body)).status == 401
    assert (await put(other, f"{TAGS}/beta", body)).status == 403
    assert (await other.post(f"{DEMO}/1.0.0/deprecate", {"message": "no"})).status == 403
    assert (
        await other.post("/v1/packages/nobody/x/1.0.0/deprecate", {"message": "no"})
    ).status == 404
    assert (await acme.post("/v1/packages/acme/x/1.0.0/deprecate", {"message": "no"})).status == 404
    assert (await client.get("/v1/packages/acme/nothing/dist-tags")).status == 404


async def test_deprecation_is_in_the_signed_index(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry, "1.0.0", "1.1.0", "2.0.0")
    one = await acme.post(f"{DEMO}/2.0.0/deprecate", {"message": "Use other."})
    assert one.json()["versions"] == ["2.0.0"]
    range_ = await acme.post(f"{DEMO}/deprecate", {"message": "Too old.", "range": "<2"})
    assert sorted(range_.json()["versions"]) == ["1.0.0", "1.1.0"]
    await registry.work()
    told = {v.version: v.deprecated for v in index(registry).versions.values()}
    assert told == {"1.0.0": "Too old.", "1.1.0": "Too old.", "2.0.0": "Use other."}
    assert (await acme.get(f"{DEMO}/1.0.0")).json()["deprecated"] == "Too old."
    assert (await acme.post(f"{DEMO}/*/undeprecate")).status == 200
    await registry.work()
    assert {v.deprecated for v in index(registry).versions.values()} == {None}
    sequence = index(registry).sequence
    assert (await acme.post(f"{DEMO}/*/undeprecate")).status == 200
    await registry.work()
    assert index(registry).sequence == sequence
    actions = registry.sql("SELECT action FROM audit WHERE action LIKE '%%deprecate' ORDER BY id")
    assert actions == [("deprecate",), ("deprecate",), ("undeprecate",)]


async def test_a_deprecation_names_versions_and_says_one_line(
    acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "1.0.0")
    body = {"message": "No."}
    assert (await acme.post(f"{DEMO}/9.9.9/deprecate", body)).status == 404
    assert (await acme.post(f"{DEMO}/not a range/deprecate", body)).status == 422
    for message in ("", "a\nb", "\x1b[31m", "x" * 501):
        assert (await acme.post(f"{DEMO}/1.0.0/deprecate", {"message": message})).status == 422


@pytest.mark.parametrize(("first", "second"), [("1.0.0", "1.0.0+b"), ("1.0.0+a", "1.0.0+b")])
async def test_versions_that_differ_in_build_metadata_alone_are_refused(
    acme: AsgiClient, first: str, second: str
) -> None:
    assert (await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", first))).status == 202
    again = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", first))
    assert again.status == 200
    answer = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", second))
    assert answer.status == 409
    assert "build metadata" in answer.json()["detail"]


async def test_of_racing_builds_of_one_version_one_wins(
    acme: AsgiClient, registry: Registry
) -> None:
    archives = [make_skill("acme", "demo", f"1.0.0+b{number}") for number in range(10)]
    answers = await asyncio.gather(*(acme.upload(f"{DEMO}/publish", one) for one in archives))
    assert sorted(one.status for one in answers) == [202] + [409] * 9
    assert registry.sql("SELECT count(*) FROM versions") == [(1,)]


@pytest.mark.parametrize("name", ["con", "skreg", "sk111pkg", "well-known"])
async def test_reserved_package_names(acme: AsgiClient, name: str) -> None:
    answer = await acme.upload(f"/v1/packages/acme/{name}/publish", make_skill("acme", name))
    assert answer.status == 422, answer.body
    assert answer.json()["errors"][0]["rule"] == "reserved"


async def test_webhooks_hear_of_a_deprecation_once(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry, "1.0.0", "2.0.0")
    registry.sql(
        "INSERT INTO webhooks (id, url, events, sealing, sealed) VALUES ('h', 'https://a.example/',"
        " '{version.deprecated,version.undeprecated}', '', '')"
    )
    body = {"range": "<2", "message": "Use 2."}
    for _ in range(2):
        assert (await acme.post(f"{DEMO}/deprecate", body)).status == 200
    assert (await acme.post(f"{DEMO}/1.0.0/undeprecate")).status == 200
    told = registry.sql("SELECT payload FROM webhook_deliveries ORDER BY id")
    data = {"subject": "acme/demo", "versions": "<2", "message": "Use 2."}
    back = {"subject": "acme/demo", "versions": "1.0.0", "message": None}
    assert told == [
        ({"type": "version.deprecated", "data": data},),
        ({"type": "version.undeprecated", "data": back},),
    ]
