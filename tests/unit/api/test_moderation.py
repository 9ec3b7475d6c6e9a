"""Reports, triage, the review queue, advisories: who may, what changes, what is signed."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import pytest

from skreg.api.services import reporting
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity
from skreg.publish.vet.stages import STAGES
from support.asgi import Answer, AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

REPORT = {"kind": "malware", "message": "It sends the shell history to a stranger."}
ADVISORY: dict[str, Any] = {
    "package": "acme/demo",
    "summary": "The skill runs what it is sent.",
    "details": "Every file that it is given is executed.",
    "severity": "high",
    "introduced": "1.0.0",
    "fixed": "1.0.1",
    "aliases": ["CVE-2026-12345"],
    "references": ["https://example.com/advisory"],
}


async def published(acme: AsgiClient, registry: Registry, version: str = "1.0.0") -> None:
    answer = await acme.upload(
        "/v1/packages/acme/demo/publish", make_skill("acme", "demo", version)
    )
    assert answer.status == 202
    await registry.work()


async def boss_of(client: AsgiClient, registry: Registry) -> AsgiClient:
    boss = await signed_up(client, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    return boss


def actions(registry: Registry) -> list[tuple[Any, ...]]:
    return registry.sql(
        "SELECT action, subject, coalesce((details ->> 'staff')::boolean, false) FROM audit"
        " WHERE action <> 'signature' ORDER BY id"
    )


def document(registry: Registry) -> dict[str, Any]:
    envelope = json.loads((registry.storage / "index" / "acme" / "demo.json").read_bytes())
    found: dict[str, Any] = json.loads(b64decode(envelope["payload"]))
    return found


async def test_a_report_is_triaged_and_yanks(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    reader, boss = await signed_up(acme, "reader"), await boss_of(acme, registry)
    path = "/v1/packages/acme/demo/1.0.0/report"
    first, again = await reader.post(path, REPORT), await reader.post(path, REPORT)
    assert (first.status, again.status) == (201, 200)
    report = first.json()
    assert again.json()["id"] == report["id"]
    assert report["state"] == "open"
    shown = (await acme.get("/v1/packages/acme/demo/1.0.0")).json()
    assert shown["state"] == "published", "a report alone hides nothing"

    listed = (await boss.get("/v1/admin/reports")).json()
    assert [item["id"] for item in listed["results"]] == [report["id"]]
    assert listed["next"] is None
    triage = f"/v1/admin/reports/{report['id']}/triage"
    body = {"confirmed": True, "note": "It does.", "yank": True}
    assert (await reader.post(triage, body)).status == 403
    done = (await boss.post(triage, body)).json()
    assert (done["state"], done["handled_by"], done["note"]) == ("confirmed", "boss", "It does.")
    assert (await boss.post(triage, body)).status == 409
    assert (await boss.post("/v1/admin/reports/none/triage", body)).status == 404

    shown = (await acme.get("/v1/packages/acme/demo/1.0.0")).json()
    assert (shown["state"], shown["yanked_reason"]) == ("yanked", "By the registry: It does.")
    await registry.work()
    assert document(registry)["versions"][0]["state"] == "yanked"
    mine = (await reader.get("/v1/reports")).json()["results"]
    assert [item["state"] for item in mine] == ["confirmed"]
    assert ("report", "acme/demo@1.0.0", False) in actions(registry)
    assert ("report-triaged", "acme/demo@1.0.0", True) in actions(registry)
    assert ("yank", "acme/demo@1.0.0", True) in actions(registry)


async def test_a_dismissed_report_changes_nothing(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    made = await acme.post("/v1/packages/acme/demo/1.0.0/report", REPORT)
    triage = f"/v1/admin/reports/{made.json()['id']}/triage"
    body = {"confirmed": False, "note": "It does not."}
    assert (await boss.post(triage, body)).json()["state"] == "dismissed"
    assert (await acme.get("/v1/packages/acme/demo/1.0.0")).json()["state"] == "published"
    found = (await boss.get("/v1/admin/reports?state=dismissed")).json()["results"]
    assert len(found) == 1
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/report", REPORT)).status == 201


async def test_a_yanked_version_is_not_yanked_twice(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    made = await acme.post("/v1/packages/acme/demo/1.0.0/report", REPORT)
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/yank", {})).status == 200
    triage = f"/v1/admin/reports/{made.json()['id']}/triage"
    assert (await boss.post(triage, {"confirmed": True, "note": "x", "yank": True})).status == 200
    assert [item[0] for item in actions(registry)].count("yank") == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/packages/acme/demo/9.9.9/report", REPORT, 404),
        ("/v1/packages/acme/none/1.0.0/report", REPORT, 404),
        ("/v1/packages/acme/demo/1.0.0/report", {**REPORT, "kind": "nonsense"}, 422),
        ("/v1/packages/acme/demo/1.0.0/report", {**REPORT, "message": "short"}, 422),
        ("/v1/packages/acme/demo/1.0.0/report", {**REPORT, "message": "x" * 4001}, 422),
        ("/v1/packages/acme/demo/1.0.0/report", {**REPORT, "message": "a NUL \x00 in it"}, 422),
    ],
)
async def test_what_is_no_report(
    acme: AsgiClient, registry: Registry, path: str, body: dict[str, str], status: int
) -> None:
    await published(acme, registry)
    assert (await acme.post(path, body)).status == status


async def test_reports_are_limited(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(acme, registry)
    await published(acme, registry, "1.0.1")
    monkeypatch.setattr(reporting, "PER_DAY", 1)
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/report", REPORT)).status == 201
    refused = await acme.post("/v1/packages/acme/demo/1.0.1/report", REPORT)
    assert refused.status == 429
    assert refused.headers["retry-after"] == "3600"
    assert (await AsgiClient(acme.app).post("/v1/packages/a/b/1.0.0/report", REPORT)).status == 401


async def suspicious(_candidate: Candidate) -> Sequence[Finding]:
    return [Finding("suspicious", "SKILL.md", "It asks for a password.", Severity.WARNING)]


@pytest.fixture
def quarantining(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STAGES, "suspicious", suspicious)


async def decide(boss: AsgiClient, outcome: str, version: str = "1.0.0") -> Answer:
    body = {"outcome": outcome, "note": "Looked at."}
    return await boss.post(f"/v1/admin/reviews/acme/demo/{version}", body)


@pytest.mark.usefixtures("quarantining")
async def test_a_quarantined_version_is_released(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    assert (await acme.get("/v1/packages/acme/demo")).status == 404
    queue = (await boss.get("/v1/admin/reviews")).json()
    assert [item["version"] for item in queue["results"]] == ["1.0.0"]
    assert queue["results"][0]["findings"][0]["rule"] == "suspicious"
    assert (await acme.get("/v1/admin/reviews")).status == 403
    assert (await decide(acme, "released")).status == 403
    assert (await decide(boss, "released")).json()["state"] == "vetting"
    await registry.work()
    assert (await acme.get("/v1/packages/acme/demo/1.0.0")).json()["state"] == "published"
    registry.verify("acme/demo@1.0.0")
    assert (await boss.get("/v1/admin/reviews")).json()["results"] == []
    assert (await decide(boss, "released")).status == 409
    assert ("review-released", "acme/demo@1.0.0", True) in actions(registry)
    steps = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()["steps"]
    assert [item["step"] for item in steps][:4] == [
        "uploaded", "vetting", "quarantined", "released",
    ]  # fmt: skip


@pytest.mark.usefixtures("quarantining")
async def test_a_quarantined_version_is_rejected(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    assert (await decide(boss, "rejected")).json()["state"] == "rejected"
    assert (await decide(boss, "released")).status == 409
    assert (await decide(boss, "released", "9.9.9")).status == 404
    await registry.work()
    assert (await acme.get("/v1/packages/acme/demo")).status == 404
    again = await acme.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
    assert (again.status, again.json()["state"]) == (200, "rejected"), "its number stays taken"


async def test_an_advisory_is_signed_with_the_package(acme: AsgiClient, registry: Registry) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    assert (await acme.post("/v1/admin/advisories", ADVISORY)).status == 403
    made = await boss.post("/v1/admin/advisories", ADVISORY)
    assert made.status == 201, made.body
    record = made.json()
    assert record["id"].startswith("SKREG-20")
    assert record["affected"][0]["ranges"][0]["events"] == [
        {"introduced": "1.0.0"},
        {"fixed": "1.0.1"},
    ]
    await registry.work()
    assert document(registry)["advisories"] == [record]
    registry.verify("acme/demo@1.0.0")
    client = AsgiClient(acme.app)
    assert (await client.get("/v1/advisories")).json() == {"results": [record], "next": None}
    assert (await client.get("/v1/advisories?package=acme/demo")).json()["results"] == [record]
    assert (await client.get("/v1/advisories?package=acme/other")).json()["results"] == []
    assert (await client.get(f"/v1/advisories/{record['id']}")).json() == record
    assert (await client.get("/v1/advisories?cursor=999")).json()["results"] == []

    gone = await boss.post(f"/v1/admin/advisories/{record['id']}/withdraw")
    assert gone.status == 200
    assert gone.json()["withdrawn"] == gone.json()["modified"]
    assert (await boss.post(f"/v1/admin/advisories/{record['id']}/withdraw")).status == 409
    assert (await boss.post("/v1/admin/advisories/none/withdraw")).status == 404
    await registry.work()
    assert document(registry)["advisories"] == []
    assert "withdrawn" in (await client.get(f"/v1/advisories/{record['id']}")).json()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"introduced": "one"}, "introduced"),
        ({"fixed": "x"}, "fixed"),
        ({"fixed": "0.9.0"}, "fixed"),
        ({"references": ["http://example.com"]}, "references"),
        ({"references": ["https://["]}, "references"),
        ({"aliases": ["x"] * 21}, "references"),
        ({"package": "acme"}, "package"),
    ],
)
async def test_what_is_no_advisory(
    acme: AsgiClient, registry: Registry, change: dict[str, Any], path: str
) -> None:
    await published(acme, registry)
    boss = await boss_of(acme, registry)
    answer = await boss.post("/v1/admin/advisories", {**ADVISORY, **change})
    assert answer.status == 422, answer.body
    assert path in {item["path"] for item in answer.json()["errors"]}


async def test_an_advisory_is_about_a_package(acme: AsgiClient, registry: Registry) -> None:
    boss = await boss_of(acme, registry)
    assert (await boss.post("/v1/admin/advisories", ADVISORY)).status == 404
    assert (await acme.get("/v1/advisories/none")).status == 404
    assert (await acme.get("/v1/advisories?package=none")).status == 422
