"""One suite over every cloud and stack file: the same outputs, rights and doors everywhere."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest
from infra_plans import CLOUDS

from skillpkg_infra.components.compute import ComputeOutputs
from skillpkg_infra.components.database import DatabaseOutputs
from skillpkg_infra.components.network import NetworkOutputs
from skillpkg_infra.components.pki import PkiOutputs
from skillpkg_infra.components.storage import StorageOutputs
from skillpkg_infra.plan.report import components, containers
from skillpkg_infra.plan.run import Plan
from skillpkg_infra.providers import COMPONENTS, PROVIDERS, load
from skillpkg_infra.providers.aws.parts.identities import GRANTS
from skillpkg_infra.providers.aws.parts.naming import role_name
from skillpkg_infra.rights import Identity, Right, of, rights

CONTRACT = {
    DatabaseOutputs: ["connection_secret_name", "host", "port", "database_name"],
    StorageOutputs: ["bucket_name", "cdn_base_url", "service_account_secret_name"],
    PkiOutputs: [
        "hsm_key_id",
        "intermediate_ca_cert_secret_name",
        "crl_bucket_path",
        "hsm_backend",
    ],
    ComputeOutputs: ["service_url", "worker_service_name"],
    NetworkOutputs: ["vpc_id", "private_subnet_ids"],
}
KEY_VARIABLES = {
    "SIGNING_KEY_URI",
    "REGISTRY_CA_KEY_URI",
    "PUBLISHER_CA_KEY_URI",
    "LOG_KEY_URI",
    "ROOT_KEY_URI",
    "PKI_SECRET",
}


def policy(plan: Plan, identity: Identity) -> list[dict[str, Any]]:
    found = plan.rehearsal.named("RolePolicy", f"compute-{identity}-rights")
    statements: list[dict[str, Any]] = json.loads(found.inputs["policy"])["Statement"]
    return statements


@pytest.mark.parametrize("outputs", CONTRACT, ids=lambda kind: kind.__name__)
def test_outputs_begin_with_the_contracts_names(outputs: type[Any]) -> None:
    names = [field.name for field in fields(outputs)]
    assert names[: len(CONTRACT[outputs])] == CONTRACT[outputs]


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_classes_and_args_are_where_they_are_looked_for(cloud: str, component: str) -> None:
    module = import_module(f"skillpkg_infra.providers.{cloud}.{component}")
    name = f"{cloud.capitalize()}{component.capitalize()}"
    assert getattr(module, name)
    assert getattr(module, f"{name}Args")
    protocol = import_module(f"skillpkg_infra.components.{component}")
    assert getattr(protocol, f"Skillpkg{component.capitalize()}")


def test_every_stack_exports_the_whole_contract(plan: Plan) -> None:
    for names in CONTRACT.values():
        assert set(names) <= set(plan.rehearsal.exports)
    assert plan.rehearsal.exports["port"] == 5432
    assert plan.rehearsal.exports["database_name"] == "skillpkg"
    assert plan.rehearsal.exports["next_commands"]


def test_both_public_hosts_are_https(plan: Plan) -> None:
    exports = plan.rehearsal.exports
    assert exports["service_url"].startswith("https://")
    assert exports["cdn_base_url"].startswith("https://")
    private = plan.config.visibility == "private"
    assert (exports["cdn_base_url"] == exports["service_url"]) == private


def test_a_private_registry_has_no_public_route_to_its_bucket(plan: Plan) -> None:
    cdns = [one for one in components(plan)["storage"] if one.kind == "Distribution"]
    assert bool(cdns) == (plan.config.visibility == "public")


def test_the_api_cannot_sign_and_does_not_know_a_key(plan: Plan) -> None:
    actions = [action for one in policy(plan, Identity.API) for action in one["Action"]]
    assert not [action for action in actions if action.startswith("kms:")]
    variables = {one["name"] for one in containers(plan)["api"]["environment"]}
    assert not variables & KEY_VARIABLES


def test_only_the_worker_may_sign_even_for_the_keys_themselves(plan: Plan) -> None:
    keys = [one for one in components(plan)["pki"] if one.inputs.get("keyUsage") == "SIGN_VERIFY"]
    assert len(keys) == (4 if plan.config.root_mode == "offline" else 5)
    for key in keys:
        for statement in json.loads(key.inputs["policy"])["Statement"]:
            if "kms:Sign" in statement["Action"]:
                principal = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
                assert (
                    principal == plan.rehearsal.named("Role", "compute-worker-role").answered["arn"]
                )


def test_policies_say_what_the_rows_say_and_nothing_else(plan: Plan) -> None:
    rows = rights(plan.config.root_mode, cdn=plan.config.visibility == "public")
    for identity in Identity:
        expected = sorted(
            list(grant.actions) for row in of(identity, rows) for grant in _grants(row)
        )
        found = sorted(sorted(one["Action"]) for one in policy(plan, identity))
        assert found == [sorted(actions) for actions in expected]


def _grants(row: Right) -> tuple[Any, ...]:
    return GRANTS[row.verb, row.resource]


def test_the_read_plane_refuses_every_other_writer(plan: Plan) -> None:
    bucket = plan.rehearsal.named("BucketPolicy", "storage-read-plane-policy")
    refused = [
        one
        for one in json.loads(bucket.inputs["policy"])["Statement"]
        if one["Sid"] == "OnlyTheWorkerWrites"
    ]
    worker = plan.rehearsal.named("Role", "compute-worker-role").answered["arn"]
    assert refused[0]["Effect"] == "Deny"
    assert refused[0]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": worker}}
    assert ("s3:DeleteObject" in refused[0]["Action"]) == (plan.config.deletion != "destroy")


def test_what_holds_data_or_keys_follows_the_deletion_mode(plan: Plan) -> None:
    holders = ("Instance", "Key", "Bucket")
    for one in plan.rehearsal.resources:
        if one.kind in holders:
            assert one.protect == (plan.config.deletion == "protect"), one.name
            assert one.retain == (plan.config.deletion == "retain"), one.name
    database = plan.rehearsal.named("rds/instance:Instance").inputs
    kept = plan.config.deletion != "destroy"
    assert database["deletionProtection"] is kept
    assert database["skipFinalSnapshot"] is not kept
    assert database["deleteAutomatedBackups"] is not kept


def test_size_and_redundancy_alone_follow_the_environment(plan: Plan) -> None:
    database = plan.rehearsal.named("rds/instance:Instance").inputs
    assert database["storageEncrypted"] is True
    assert database["publiclyAccessible"] is False
    assert database["multiAz"] is plan.config.multi_az
    assert plan.rehearsal.named("LoadBalancer").inputs["internal"] is True


def test_alarms_cover_what_operations_needs(plan: Plan) -> None:
    names = [one.name for one in plan.rehearsal.resources if one.kind == "MetricAlarm"]
    wanted = (
        "api-errors",
        "api-latency",
        "queue-age",
        "database-storage",
        "certificate-days",
        "crl-hours",
        "signing-rate",
        "worker-gone",
    )
    for part in wanted:
        assert any(part in name for name in names), part
    watched = plan.rehearsal.named("EventRule").inputs["eventPattern"]
    assert "ScheduleKeyDeletion" in watched


def test_children_belong_to_their_component_and_are_named_after_it(plan: Plan) -> None:
    for name, resources in components(plan).items():
        assert resources
        assert all(one.name.startswith(f"{name}-") for one in resources)


def test_every_component_says_its_outputs_last(plan: Plan) -> None:
    for one in plan.rehearsal.resources:
        if not one.custom:
            assert one.type == f"skillpkg:aws:{one.name.capitalize()}"
            assert one.outputs


def test_an_unknown_cloud_is_refused_by_name() -> None:
    missing = next(cloud for cloud in ("azure", "gcp", "moon") if cloud not in PROVIDERS)
    with pytest.raises(LookupError, match=f"cloud_provider={missing}"):
        load(missing)  # type: ignore[arg-type]


def test_a_long_stack_name_still_gives_a_role_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.get_stack", lambda: "a-very-long-stack-name-" * 4)
    names = {role_name(identity) for identity in Identity}
    assert len(names) == 2
    assert all(len(name) <= 64 for name in names)
