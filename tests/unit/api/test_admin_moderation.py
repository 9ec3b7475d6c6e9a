"""``skreg admin`` for moderation, records and limits: every command with ``--json``, in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from skreg.cli import main
from skreg.publish.vet.stages import STAGES
from support.asgi import AsgiClient
from support.registry import Registry
from support.skills import make_skill
from unit.api.test_certificates import csr
from unit.api.test_moderation import suspicious

Shell = Callable[..., Any]


@pytest.fixture
def shell(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run ``skreg admin …``; returns its JSON, or what it printed without ``--json``."""
    monkeypatch.setenv("DATABASE_URL", registry.database_url)

    def run(*words: str, code: int = 0, plain: bool = False) -> Any:
        capsys.readouterr()
        assert main(["admin", *words, *(() if plain else ("--json",))]) == code
        out, err = capsys.readouterr()
        if code:
            return err
        return out if plain else json.loads(out)

    return run


def publish(acme: AsgiClient, registry: Registry, version: str = "1.0.0") -> None:
    async def send() -> None:
        data = make_skill("acme", "demo", version)
        assert (await acme.upload("/v1/packages/acme/demo/publish", data)).status == 202
        await registry.work()

    asyncio.run(send())


def test_reviews(
    acme: AsgiClient, registry: Registry, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STAGES, "suspicious", suspicious)
    publish(acme, registry)
    publish(acme, registry, "1.0.1")
    assert [item["version"] for item in shell("review", "list")] == ["1.0.0", "1.0.1"]
    assert "uploaded_by" in shell("review", "list", plain=True)
    done = shell("review", "release", "acme/demo@1.0.0", "--note", "fine")
    assert done == {"version": "acme/demo@1.0.0", "state": "vetting"}
    asyncio.run(registry.work())
    assert shell("review", "reject", "acme/demo@1.0.1", "--note", "no")["state"] == "rejected"
    assert shell("review", "list") == []
    assert "not quarantined" in shell("review", "reject", "acme/demo@1.0.0", "--note", "x", code=1)
    assert "ns/name@version" in shell("review", "reject", "acme", "--note", "x", code=1)
    found = registry.sql(
        "SELECT account_id, details ->> 'staff' FROM audit WHERE action ~ 'review'"
    )
    assert found == [(None, "true"), (None, "true")]
    assert registry.sql("SELECT state FROM versions ORDER BY id") == [("published",), ("rejected",)]


def test_reports(acme: AsgiClient, registry: Registry, shell: Shell) -> None:
    publish(acme, registry)
    body = {"kind": "spam", "message": "It is an advertisement."}
    asyncio.run(acme.post("/v1/packages/acme/demo/1.0.0/report", body))
    (report,) = shell("report", "list")
    words = ("report", "triage", report["id"], "confirmed", "--note", "It is.", "--yank")
    assert shell(*words)["state"] == "confirmed"
    assert shell("report", "list") == []
    assert len(shell("report", "list", "--state", "confirmed")) == 1
    assert "already" in shell(*words, code=1)
    assert registry.sql("SELECT state FROM versions") == [("yanked",)]


def test_advisories(acme: AsgiClient, registry: Registry, shell: Shell) -> None:
    publish(acme, registry)
    made = shell(
        "advisory", "publish", "acme/demo", "--summary", "It runs what it is sent.",
        "--severity", "high", "--fixed", "1.0.1", "--alias", "CVE-2026-1",
        "--reference", "https://example.com/a",
    )  # fmt: skip
    assert made["database_specific"] == {"severity": "high"}
    assert [item["id"] for item in shell("advisory", "list")] == [made["id"]]
    assert shell("advisory", "list", "--package", "acme/other") == []
    assert "withdrawn" in shell("advisory", "withdraw", made["id"])
    words = ("advisory", "publish", "acme/demo", "--summary", "x", "--severity", "low")
    assert "introduced" in shell(*words, "--introduced", "x", code=1)


def test_certificates(acme: AsgiClient, registry: Registry, shell: Shell) -> None:
    async def ask() -> None:
        await acme.post("/v1/namespaces/acme/certificates", {"csr": csr()})
        await registry.work()

    asyncio.run(ask())
    (found,) = shell("certificate", "list", "acme")
    assert found["state"] == "issued"
    assert "certificate" not in found
    gone = shell("certificate", "revoke", found["id"], "--reason", "superseded")
    assert gone["state"] == "revoking"
    assert "revoking" in shell("certificate", "revoke", found["id"], code=1)


def test_audit(acme: AsgiClient, registry: Registry, shell: Shell) -> None:
    shell("quota", "set", "acme", "--packages", "7")
    (line,) = shell("audit", "list", "--staff")
    assert (line["action"], line["account"], line["staff"]) == ("quota-set", None, True)
    assert len(shell("audit", "list", "--limit", "1")) == 1
    assert "quota-set" in shell("audit", "list", plain=True)
    exported = shell("audit", "export", "--subject", "acme", plain=True).splitlines()
    assert [json.loads(one)["action"] for one in exported] == ["signup", "login", "quota-set"]
    after = str(json.loads(exported[1])["id"])
    assert (
        len(
            shell("audit", "export", "--subject", "acme", "--after", after, plain=True).splitlines()
        )
        == 1
    )
    assert shell("audit", "list", "--since", "2999-01-01") == []
    assert shell("audit", "list", "--until", "2000-01-01T00:00:00Z") == []
    assert "no time" in shell("audit", "list", "--since", "never", code=1)


def test_quotas(acme: AsgiClient, shell: Shell) -> None:
    granted = shell("quota", "set", "acme", "--packages", "7", "--bytes", "100")
    assert granted == {"namespace": "acme", "packages": 7, "versions_per_day": None, "bytes": 100}
    (found,) = shell("quota", "show", "acme")
    assert (found["packages"], found["granted_packages"]) == (0, 7)
    assert "no namespace" in shell("quota", "show", "none", code=1)


def test_webhooks(
    acme: AsgiClient, registry: Registry, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("webhook", "create", "https://hooks.example.com/", "--event", "version.published")
    assert "WEBHOOK_SEALING_KEY" in shell(*words, code=1)
    monkeypatch.setenv("WEBHOOK_SEALING_KEY", "a sealing key of more than 32 characters")
    made = shell(*words)
    assert made["secret"].startswith("whsec_")
    assert [item["id"] for item in shell("webhook", "list")] == [made["id"]]
    registry.sql(
        "INSERT INTO webhook_deliveries (webhook_id, event, payload, state)"
        " VALUES (%s, 'version.published', '{}', 'dead')",
        made["id"],
    )
    (dead,) = shell("webhook", "dead", made["id"])
    assert shell("webhook", "retry", made["id"], str(dead["id"])) == {"delivery": dead["id"]}
    assert shell("webhook", "dead", made["id"]) == []
    registry.sql("UPDATE webhooks SET disabled_at = now()")
    assert shell("webhook", "list")[0]["disabled_at"] is not None
    assert shell("webhook", "enable", made["id"]) == {"enabled": made["id"]}
    assert shell("webhook", "list")[0]["disabled_at"] is None
    assert shell("webhook", "remove", made["id"]) == {"removed": made["id"]}
    assert "no webhook" in shell("webhook", "remove", made["id"], code=1)


def test_packages(acme: AsgiClient, registry: Registry, shell: Shell) -> None:
    publish(acme, registry)
    publish(acme, registry, "1.1.0")
    why = ("--reason", "malware")
    yanked = shell("package", "yank", "acme/demo@1.0.0", *why)
    assert yanked == {"version": "acme/demo@1.0.0", "state": "yanked"}
    assert asyncio.run(acme.post("/v1/packages/acme/demo/1.0.0/unyank", {})).status == 403
    assert shell("package", "unyank", "acme/demo@1.0.0", *why)["state"] == "published"
    one = shell("package", "takedown", "acme/demo@1.0.0", *why)
    assert one == {"package": "acme/demo", "versions": ["1.0.0"]}
    assert shell("package", "takedown", "acme/demo", *why)["versions"] == ["1.1.0"]
    assert "nothing more" in shell("package", "takedown", "acme/demo", *why, plain=True)
    asyncio.run(registry.work())
    assert list(registry.storage.rglob("*.skill")) == []
    said = registry.sql("SELECT account_id, details FROM audit WHERE action = 'takedown'")
    assert said == [(None, {"reason": "malware", "staff": True})] * 2
    for wrong in ("acme", "acme/demo@", "/demo", "acme/"):
        assert "ns/name" in shell("package", "takedown", wrong, *why, code=1)
    assert "ns/name@version" in shell("package", "yank", "acme/demo", *why, code=1)


def test_what_may_publish_and_read_a_package(
    acme: AsgiClient, registry: Registry, shell: Shell
) -> None:
    publish(acme, registry)
    registry.sql(
        "INSERT INTO trusted_publishers (id, namespace_id, name, look_alike, package_id, provider,"
        " issuer, owner, repository, workflow, created_by)"
        " SELECT 'p1', p.namespace_id, p.name, p.look_alike, p.id, 'gitlab', 'https://gitlab.com',"
        " 'acme', 'demo', '.gitlab-ci.yml', a.id FROM packages p, accounts a"
        " WHERE a.username = 'acme'"
    )
    assert [item["id"] for item in shell("package", "publishers", "acme/demo")] == ["p1"]
    assert shell("package", "remove-publisher", "acme/demo", "p1") == {"removed": "p1"}
    assert shell("package", "publishers", "acme/demo") == []
    assert "no publisher" in shell("package", "remove-publisher", "acme/demo", "p1", code=1)
    registry.sql("UPDATE packages SET restricted = true")
    registry.sql("INSERT INTO package_readers SELECT p.id, a.id FROM packages p, accounts a")
    (found,) = shell("package", "readers", "acme/demo")
    assert (found["restricted"], "acme" in found["readers"]) == (True, True)
    assert "no package" in shell("package", "readers", "acme/none", code=1)
