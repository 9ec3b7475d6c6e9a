"""Publishing through the API, up to a version that an install verifies."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable

import pytest
from starlette.requests import Request

from skreg.api.app import create_app
from skreg.api.body import Upload
from skreg.api.routes import publishing as routes
from skreg.api.services import publishing
from skreg.api.services.publishing import FRESH_SECONDS
from skreg.queue import ADVANCE
from support.asgi import AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

PATH = "/v1/packages/acme/demo/publish"


def staged(registry: Registry) -> list[str]:
    """The hashes of what waits in staging."""
    found = (path for path in registry.staging.rglob("*") if path.is_file())
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in found)


async def test_a_published_version_installs(acme: AsgiClient, registry: Registry) -> None:
    data = make_skill("acme", "demo")
    taken = await acme.upload(PATH, data)
    assert taken.status == 202, taken.body
    assert taken.json()["state"] == "uploaded"
    hidden = await AsgiClient(acme.app).get("/v1/packages/acme/demo")
    assert hidden.status == 404

    await registry.work()

    status = await acme.get("/v1/packages/acme/demo/1.0.0/status")
    assert status.json()["state"] == "published"
    steps = [item["step"] for item in status.json()["steps"]]
    assert steps == ["uploaded", "vetting", "signed", "logged", "published"]
    found = registry.verify("acme/demo@1.0.0")
    assert found.version.sha256 == taken.json()["sha256"]
    assert found.warnings == ()


async def test_the_same_bytes_are_the_same_answer(acme: AsgiClient, registry: Registry) -> None:
    data = make_skill("acme", "demo")
    first = (await acme.upload(PATH, data)).json()
    await registry.work()
    again = await acme.upload(PATH, data)
    assert again.status == 200
    assert again.json() == first | {"state": "published"}


async def test_other_bytes_are_a_conflict(acme: AsgiClient) -> None:
    await acme.upload(PATH, make_skill("acme", "demo"))
    other = await acme.upload(PATH, make_skill("acme", "demo", files={"docs/a.md": b"x"}))
    assert other.status == 409
    assert "other bytes" in other.json()["detail"]


@pytest.mark.timeout(120)
async def test_of_two_hundred_racing_publishers_one_wins(
    acme: AsgiClient, registry: Registry
) -> None:
    archives = [
        make_skill("acme", "demo", files={"docs/n.md": str(number).encode()})
        for number in range(200)
    ]
    answers = await asyncio.gather(*(acme.upload(PATH, data) for data in archives))
    assert sorted(item.status for item in answers) == [202] + [409] * 199
    assert registry.sql("SELECT count(*) FROM versions") == [(1,)]
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s"
    assert registry.sql(jobs, ADVANCE) == [(1,)]
    winner = next(item for item in answers if item.status == 202).json()
    assert staged(registry) == [winner["sha256"]]
    await registry.work()
    assert registry.verify("acme/demo@1.0.0").version.sha256 == winner["sha256"]


async def test_the_same_bytes_at_once_are_kept_once(acme: AsgiClient, registry: Registry) -> None:
    data = make_skill("acme", "demo")
    answers = await asyncio.gather(*(acme.upload(PATH, data) for _ in range(10)))
    assert sorted(item.status for item in answers) == [200] * 9 + [202]
    assert len(staged(registry)) == 1
    await registry.work()
    registry.verify("acme/demo@1.0.0")


async def test_a_refused_upload_leaves_nothing(acme: AsgiClient, registry: Registry) -> None:
    assert (await acme.upload(PATH, make_skill("acme", "demo"))).status == 202
    kept = staged(registry)
    other = make_skill("acme", "demo", files={"docs/a.md": b"x"})
    assert (await acme.upload(PATH, other)).status == 409
    twin = make_skill("acme", "dem0")
    assert (await acme.upload("/v1/packages/acme/dem0/publish", twin)).status == 409
    assert staged(registry) == kept


async def test_a_look_alike_name_is_refused(acme: AsgiClient) -> None:
    assert (
        await acme.upload("/v1/packages/acme/hello/publish", make_skill("acme", "hello"))
    ).status == 202
    twin = await acme.upload("/v1/packages/acme/he11o/publish", make_skill("acme", "he11o"))
    assert twin.status == 409
    assert "hello" in twin.json()["detail"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [(b"", "gzip"), (b"not an archive", "gzip"), (make_skill("acme", "demo") + b"x", "gzip")],
)
async def test_a_bad_shape_names_its_rule(acme: AsgiClient, data: bytes, rule: str) -> None:
    answer = await acme.upload(PATH, data)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert rule in answer.json()["errors"][0]["rule"]


async def test_a_strict_registry_takes_markdown_and_json_alone(
    acme: AsgiClient, registry: Registry
) -> None:
    registry.common["ARCHIVE_POLICY"] = "strict"
    container = registry.api()
    strict = AsgiClient(create_app(container), acme.token)
    script = make_skill("acme", "demo", files={"scripts/run.sh": b"#!/bin/sh\n"})
    answer = await strict.upload(PATH, script)
    (found,) = answer.json()["errors"]
    assert (answer.status, found["rule"], found["path"]) == (422, "file-type", "scripts/run.sh")
    assert registry.sql("SELECT count(*) FROM versions") == [(0,)]
    plain = make_skill("acme", "demo", files={"docs/a.md": b"a", "assets/b.json": b"{}"})
    assert (await strict.upload(PATH, plain)).status == 202
    await container.close()
    await registry.work()
    registry.verify("acme/demo@1.0.0")


async def test_what_was_taken_before_the_policy_became_strict_is_not_published(
    acme: AsgiClient, registry: Registry
) -> None:
    script = make_skill("acme", "demo", files={"scripts/run.sh": b"#!/bin/sh\n"})
    assert (await acme.upload(PATH, script)).status == 202
    registry.common["ARCHIVE_POLICY"] = "strict"
    await registry.work()
    status = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert (status["state"], status["findings"][0]["path"]) == ("rejected", "scripts/run.sh")


async def test_the_archive_must_be_the_package_of_the_path(acme: AsgiClient) -> None:
    answer = await acme.upload(PATH, make_skill("acme", "other"))
    assert (answer.status, answer.json()["errors"][0]["rule"]) == (422, "identity")


async def test_too_large_a_body_is_cut_off(acme: AsgiClient) -> None:
    answer = await acme.upload(PATH, b"\0" * (10 * 1024 * 1024 + 100_000))
    assert answer.status == 413


async def test_a_body_without_the_file_is_refused(acme: AsgiClient) -> None:
    assert (await acme.upload(PATH, b"x", field="other")).status == 422
    assert (await acme.post(PATH, {})).status == 422
    broken = await acme.request(
        "POST", PATH, body=b"--x", headers={"content-type": "multipart/form-data"}
    )
    assert broken.status == 422


async def test_only_members_publish(client: AsgiClient, acme: AsgiClient) -> None:
    other = await signed_up(client, "mallory")
    data = make_skill("acme", "demo")
    assert (await client.upload(PATH, data)).status == 401
    assert (await other.upload(PATH, data)).status == 403
    assert (await acme.upload("/v1/packages/nobody/demo/publish", data)).status == 404


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen while the body of the next upload comes in."""
    read = routes.read_upload

    async def reading(request: Request) -> Upload:
        upload = await read(request)
        happens()
        return upload

    monkeypatch.setattr(routes, "read_upload", reading)


async def test_rights_that_end_during_a_slow_upload_are_missed(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acme.upload(PATH, make_skill("acme", "demo"))

    def slowly() -> None:
        registry.sql("UPDATE memberships SET role = 'reader'")
        time.sleep(FRESH_SECONDS)

    meanwhile(monkeypatch, slowly)
    assert (await acme.upload(PATH, make_skill("acme", "demo", "1.1.0"))).status == 403
    assert registry.sql("SELECT version FROM versions") == [("1.0.0",)]


async def test_a_package_that_moves_during_a_fast_upload_keeps_its_versions(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("demo", "other"):
        await acme.upload(f"/v1/packages/acme/{name}/publish", make_skill("acme", name))
    move = """UPDATE packages SET moved_to = (SELECT id FROM packages WHERE name = 'other')
              WHERE name = 'demo'"""
    meanwhile(monkeypatch, lambda: registry.sql(move))
    monkeypatch.setattr(publishing, "FRESH_SECONDS", 60)
    refused = await acme.upload(PATH, make_skill("acme", "demo", "1.1.0"))
    assert (refused.status, "goes on as acme/other" in refused.json()["detail"]) == (409, True)
    assert registry.sql("SELECT count(*) FROM versions") == [(2,)]


async def test_an_upload_is_known_to_members_only(client: AsgiClient, acme: AsgiClient) -> None:
    await acme.upload(PATH, make_skill("acme", "demo"))
    other = await signed_up(client, "mallory")
    path = "/v1/packages/acme/demo/1.0.0/status"
    assert (await acme.get(path)).status == 200
    assert (await other.get(path)).status == 404
    assert (await client.get(path)).status == 404
    assert (await client.get("/v1/packages/acme/demo/1.0.0")).status == 404


async def test_many_versions_are_one_refresh(acme: AsgiClient, registry: Registry) -> None:
    await registry.work()
    for number in range(5):
        data = make_skill("acme", f"demo-{number}")
        assert (await acme.upload(f"/v1/packages/acme/demo-{number}/publish", data)).status == 202
    await registry.work()
    assert registry.sql("SELECT state, count(*) FROM versions GROUP BY 1") == [("published", 5)]
    for number in range(5):
        registry.verify(f"acme/demo-{number}@1.0.0")
