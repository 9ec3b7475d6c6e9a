"""What stack and registry agree on: each container's environment builds the registry's settings."""

from __future__ import annotations

import pytest

from skillpkg_infra.plan.registered import revealed
from skillpkg_infra.plan.report import containers
from skillpkg_infra.plan.run import Plan


def environment(plan: Plan, role: str) -> dict[str, str]:
    container = containers(plan)[role]
    values = {one["name"]: one["value"] for one in container["environment"]}
    written = {
        one.answered["arn"]: one.name for one in plan.rehearsal.resources if one.kind == "Secret"
    }
    for one in container["secrets"]:
        holder = written[one["valueFrom"]]
        version = plan.rehearsal.named("SecretVersion", f"{holder}-value")
        values[one["name"]] = revealed(version.inputs["secretString"])
    return values


@pytest.mark.parametrize("role", ["api", "worker"])
def test_settings_are_built_with_nothing_missing_and_nothing_unknown(plan: Plan, role: str) -> None:
    settings = pytest.importorskip("skreg.settings")
    read = {
        "api": (settings.load_api_settings, settings.ApiSettings),
        "worker": (settings.load_worker_settings, settings.WorkerSettings),
    }
    load, kind = read[role]
    values = environment(plan, role)
    assert load(values).public_url == plan.rehearsal.exports["service_url"]
    known = {name.upper() for name in kind.model_fields}
    assert set(values) <= known


def test_what_the_worker_may_invalidate_is_what_it_is_told(plan: Plan) -> None:
    uri = environment(plan, "worker").get("CDN_URI")
    if plan.config.visibility == "private":
        assert uri is None
    else:
        cdn = plan.rehearsal.named("Distribution", "storage-cdn")
        assert uri == f"cloudfront://{cdn.answered['id']}"
    assert "CDN_URI" not in environment(plan, "api")


def test_the_password_is_named_and_its_user_is_not_forgotten(plan: Plan) -> None:
    database = plan.rehearsal.named("rds/instance:Instance")
    for role in ("api", "worker"):
        values = environment(plan, role)
        assert f"//{database.inputs['username']}@" in values["DATABASE_URL"]
        held = database.answered["masterUserSecrets"][0]["secretArn"]
        assert values["DATABASE_PASSWORD_SECRET"].endswith(held)


def test_no_container_finds_a_password_in_its_plain_environment(plan: Plan) -> None:
    for container in containers(plan).values():
        for variable in container["environment"]:
            login = variable["value"].partition("//")[2].rpartition("@")[0]
            assert ":" not in login, variable["name"]
            assert "password" not in variable["value"].lower()


def test_what_seals_webhooks_is_known_to_both_and_what_seals_sessions_to_the_api_alone(
    plan: Plan,
) -> None:
    api, worker = (
        {one["name"]: one["valueFrom"] for one in containers(plan)[role]["secrets"]}
        for role in ("api", "worker")
    )
    assert api["WEBHOOK_SEALING_KEY"] == worker["WEBHOOK_SEALING_KEY"]
    assert api["SESSION_SEALING_KEY"] != api["WEBHOOK_SEALING_KEY"]
    assert "SESSION_SEALING_KEY" not in worker


def test_both_roles_know_both_addresses(plan: Plan) -> None:
    for role in ("api", "worker"):
        values = environment(plan, role)
        assert values["PUBLIC_URL"] == plan.rehearsal.exports["service_url"]
        assert values.get("CDN_BASE_URL", values["PUBLIC_URL"]) == (
            plan.rehearsal.exports["cdn_base_url"]
        )
        assert values["STORAGE_URL"] != values["STAGING_URL"]


def test_the_api_believes_its_load_balancer_alone(plan: Plan) -> None:
    proxies = environment(plan, "api")["TRUSTED_PROXIES"]
    assert proxies
    assert "0.0.0.0/0" not in proxies
