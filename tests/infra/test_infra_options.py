"""Each knob, and the ask that it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from infra_stacks import stack

from skillpkg_infra.plan.rehearsal import Rehearsal
from skillpkg_infra.providers.aws.authorities import AUTHORITY, tls_options

OWN = {"vpc_id": "vpc-1", "private_subnet_ids": ["subnet-1", "subnet-2"]}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/skreg:1.0"


def named(made: Rehearsal, kind: str) -> list[str]:
    return [one.name for one in made.resources if one.kind == kind]


def variables(made: Rehearsal, role: str) -> dict[str, str]:
    text = made.named("TaskDefinition", f"compute-{role}-task").inputs["containerDefinitions"]
    return {one["name"]: one["value"] for one in json.loads(text)[0]["environment"]}


def signers(made: Rehearsal, key: str) -> list[str]:
    policy = json.loads(made.named("key:Key", key).inputs["policy"])
    return [one["Sid"] for one in policy["Statement"] if "kms:Sign" in one["Action"]]


def test_bring_your_own_network_makes_no_subnet_and_no_gateway() -> None:
    made = stack(network=OWN)
    assert not named(made, "Vpc")
    assert not named(made, "Subnet")
    assert not named(made, "NatGateway")
    database = made.named("SubnetGroup").inputs
    assert database["subnetIds"] == ["subnet-1", "subnet-2"]


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per_az", 2)])
def test_nat_is_a_cost_knob(nat: str, gateways: int) -> None:
    made = stack(nat=nat)
    assert len(named(made, "NatGateway")) == gateways
    public = [name for name in named(made, "Subnet") if "public" in name]
    assert len(public) == gateways


def test_three_zones_make_three_subnets_a_tier() -> None:
    made = stack(network={"zones": 3, "cidr": "10.0.0.0/22"}, nat="per_az")
    assert len(named(made, "Subnet")) == 9
    blocks = [one.inputs["cidrBlock"] for one in made.resources if one.kind == "Subnet"]
    assert len(set(blocks)) == 9


def test_endpoints_can_be_left_to_the_nat() -> None:
    made = stack(network={"endpoints": False})
    assert named(made, "VpcEndpoint") == ["network-endpoint-s3"]


def test_the_vetting_worker_can_be_shut_in() -> None:
    made = stack(worker_egress="closed")
    rules = named(made, "SecurityGroupEgressRule")
    assert "network-api-to-internet" in rules
    assert "network-worker-to-internet" not in rules
    assert "network-worker-to-endpoints" in rules


def test_block_public_access_is_asked_for_by_name() -> None:
    assert not named(stack(), "VpcBlockPublicAccessOptions")
    made = stack(network={"block_public_access": True})
    assert named(made, "VpcBlockPublicAccessOptions")


def test_own_certificate_without_a_zone_lists_the_records_to_make() -> None:
    made = stack(domain="skills.example.com", certificate_arn="arn:aws:acm:us-east-1:1:c/1")
    assert not named(made, "Certificate")
    assert not named(made, "Record")
    assert set(made.exports["dns_records"]) == {"skills.example.com", "cdn.skills.example.com"}
    assert made.exports["service_url"] == "https://skills.example.com"


def test_a_zone_makes_certificates_records_and_tls_to_the_balancer() -> None:
    made = stack(domain="skills.example.com", zone_id="Z1")
    assert len(named(made, "Certificate")) == 3
    assert made.named("Listener").inputs["protocol"] == "HTTPS"
    assert made.exports["dns_records"] == {}


def test_without_a_domain_both_urls_are_https_and_the_clouds_own() -> None:
    made = stack()
    assert made.exports["service_url"].endswith(".cloudfront.net")
    assert made.exports["cdn_base_url"].endswith(".cloudfront.net")


def test_internal_ingress_has_no_edge() -> None:
    made = stack(ingress="internal", domain="a.example.com", zone_id="Z1", visibility="private")
    assert not named(made, "Distribution")
    assert not named(made, "WebAcl")
    assert made.named("LoadBalancer").inputs["xffHeaderProcessingMode"] == "append"
    sources = [
        one.inputs["cidrIpv4"] for one in made.resources if "balancer-from-range" in one.name
    ]
    assert "0.0.0.0/0" not in sources
    assert len(sources) == 3


def test_allowed_ranges_shut_strangers_out_at_the_edge() -> None:
    made = stack(allowed_ranges=["192.0.2.0/24"])
    assert len(named(made, "IpSet")) == 2
    rules = made.named("WebAcl", "compute-firewall").inputs["rules"]
    assert rules[0]["name"] == "strangers"
    assert rules[0]["priority"] == 0


def test_private_reads_are_redirected_to_the_bucket_alone() -> None:
    made = stack(visibility="private")
    assert "CDN_BASE_URL" not in variables(made, "api")
    assert variables(made, "worker")["REDIRECT_HOSTS"].endswith(".amazonaws.com")
    edge = made.named("Distribution", "compute-edge").inputs
    assert "orderedCacheBehaviors" not in edge


@pytest.mark.parametrize(
    ("mode", "keys", "signs"), [("managed", 5, True), ("sealed", 5, False), ("offline", 4, False)]
)
def test_the_root_key_follows_its_mode(mode: str, keys: int, signs: bool) -> None:
    made = stack(root_mode=mode)
    found = [one for one in made.resources if one.inputs.get("keyUsage") == "SIGN_VERIFY"]
    assert len(found) == keys
    assert ("ROOT_KEY_URI" in variables(made, "worker")) == signs
    rights = json.dumps(made.named("RolePolicy", "compute-worker-rights").inputs["policy"])
    assert ("SignRootKey" in rights) == signs
    if keys == 5:
        assert bool(signers(made, "pki-root")) == signs
        assert made.exports["root_fingerprint"].startswith("sha256:")


def test_rotation_keeps_the_old_keys_and_lets_the_last_one_finish() -> None:
    made = stack(key_generations={"signing": 3})
    assert not signers(made, "pki-signing")
    assert signers(made, "pki-signing-2") == ["WorkerSigns"]
    assert signers(made, "pki-signing-3") == ["WorkerSigns"]
    newest = made.named("key:Key", "pki-signing-3").answered["arn"]
    assert variables(made, "worker")["SIGNING_KEY_URI"] == f"awskms:///{newest}"
    rights = json.loads(made.named("RolePolicy", "compute-worker-rights").inputs["policy"])
    signing = next(one for one in rights["Statement"] if one["Sid"] == "SignSigningKey")
    assert len(signing["Resource"]) == 2


def test_a_replaced_ca_and_log_key_go_on_beside_their_successors() -> None:
    assert "FORMER_KEY_URIS" not in variables(stack(), "worker")
    made = stack(key_generations={"registry_ca": 3, "log": 3, "signing": 2})
    kept = ("pki-registry-ca", "pki-registry-ca-2", "pki-log-2")
    former = [made.named("key:Key", name).answered["arn"] for name in kept]
    for name in kept:
        assert signers(made, name) == ["WorkerSigns"], "each list of a CA needs its key"
    told = variables(made, "worker")["FORMER_KEY_URIS"]
    assert told.split() == [f"awskms:///{arn}" for arn in former]
    assert "FORMER_KEY_URIS" not in variables(made, "api")


def test_a_replaced_root_is_at_hand_to_sign_for_its_successor() -> None:
    made = stack(key_generations={"root": 2}, root_mode="managed")
    old, new = (made.named("key:Key", f"pki-root{end}").answered["arn"] for end in ("", "-2"))
    told = variables(made, "worker")
    assert told["ROOT_KEY_URI"] == f"awskms:///{new}"
    assert told["FORMER_KEY_URIS"] == f"awskms:///{old}"
    sealed = variables(stack(key_generations={"root": 2}, root_mode="sealed"), "worker")
    assert not {"ROOT_KEY_URI", "FORMER_KEY_URIS"} & set(sealed)


def test_a_recovery_region_gets_backups_packages_and_keys() -> None:
    made = stack(region="eu-west-1", recovery_region="eu-central-1")
    assert len(named(made, "ReplicaKey")) == 5
    assert named(made, "BucketReplicationConfig")
    assert made.named("InstanceAutomatedBackupsReplication").inputs["region"] == "eu-central-1"
    assert made.named("Bucket", "storage-copy").inputs["region"] == "eu-central-1"


def test_installs_go_on_from_the_recovery_region_while_the_first_bucket_is_away() -> None:
    made = stack(region="eu-west-1", recovery_region="eu-central-1")
    cdn = made.named("Distribution", "storage-cdn")
    hosts = {one["originId"]: one["domainName"] for one in cdn.inputs["origins"]}
    assert hosts["read-plane-copy"].endswith(".s3.eu-central-1.amazonaws.com")
    assert all(one["originAccessControlId"] for one in cdn.inputs["origins"])
    (group,) = cdn.inputs["originGroups"]
    assert [one["originId"] for one in group["members"]] == ["read-plane", "read-plane-copy"]
    assert cdn.inputs["defaultCacheBehavior"]["targetOriginId"] == group["originId"]
    for kind, name in (("BucketPolicy", "storage-copy"), ("KeyPolicy", "storage-recovery-key")):
        policy = made.named(kind, f"{name}-policy").inputs
        assert cdn.answered["arn"] in policy["policy"]
        assert policy["region"] == "eu-central-1"
    # A takedown reaches the copy: what was taken down does not come back with it.
    (rule,) = made.named("BucketReplicationConfig").inputs["rules"]
    assert rule["deleteMarkerReplication"]["status"] == "Enabled"


def test_a_private_copy_is_read_by_nobody() -> None:
    made = stack(visibility="private", region="eu-west-1", recovery_region="eu-central-1")
    policy = json.loads(made.named("BucketPolicy", "storage-copy-policy").inputs["policy"])
    assert [one["Effect"] for one in policy["Statement"]] == ["Deny"]
    assert (
        "cloudfront" not in made.named("KeyPolicy", "storage-recovery-key-policy").inputs["policy"]
    )


def test_the_database_must_prove_who_it_is_where_its_authority_is_known() -> None:
    assert variables(stack(), "api")["DATABASE_URL"].endswith(
        "?sslmode=verify-full&sslrootcert=/opt/skreg/share/rds.pem"
    )
    assert tls_options("moon-west-1") == "sslmode=require"
    assert stack().named("rds/instance:Instance").inputs["caCertIdentifier"] == AUTHORITY


def test_restore_starts_a_new_database_from_a_snapshot() -> None:
    before, after = stack(), stack(restore_snapshot="skreg-before")
    assert after.named("rds/instance:Instance").inputs["snapshotIdentifier"] == "skreg-before"
    keepers = [one.named("RandomId").inputs["keepers"] for one in (before, after)]
    assert keepers[0] != keepers[1]  # a new life: a new name, and a new final snapshot


def test_a_pause_runs_nothing_and_alarms_nobody() -> None:
    made = stack(paused=True)
    services = [one for one in made.resources if one.kind == "Service"]
    assert [one.inputs["desiredCount"] for one in services] == [0, 0]
    assert not any("desiredCount" in one.ignored for one in services)
    gone = made.named("MetricAlarm", "compute-worker-gone").inputs
    assert gone["treatMissingData"] == "notBreaching"


def test_the_new_api_waits_for_the_worker_that_migrates() -> None:
    made = stack()
    worker = made.named("Service", "compute-worker")
    assert worker.urn in made.named("Service", "compute-api").after


def test_autoscaling_owns_the_count() -> None:
    made = stack(size="large")
    assert "desiredCount" in made.named("Service", "compute-api").ignored
    limits = made.named("Target", "compute-api-scaling").inputs
    assert (limits["minCapacity"], limits["maxCapacity"]) == (2, 32)


@pytest.mark.parametrize(
    ("values", "cached"),
    [({}, True), ({"multi_az": False}, False), ({"cache": False}, False), ({"cache": True}, True)],
)
def test_a_cache_comes_with_the_second_replica(values: dict[str, Any], cached: bool) -> None:
    assert bool(named(stack(**values), "ServerlessCache")) == cached


def test_an_own_repository_keeps_tags_where_they_are() -> None:
    made = stack(repository=True)
    assert made.named("Repository").inputs["imageTagMutability"] == "IMMUTABLE"
    assert made.exports["repository_url"].endswith("/skreg-test-images")


@pytest.mark.parametrize(("image", "pulls"), [(ECR, True), ("ghcr.io/acme/skreg:1.0", False)])
def test_only_an_image_of_ecr_gives_rights_on_ecr(image: str, pulls: bool) -> None:
    made = stack(image_uri=image)
    text = json.dumps(made.named("RolePolicy", "compute-api-start-rights").inputs)
    assert ("ecr:BatchGetImage" in text) == pulls


@pytest.mark.parametrize(
    ("writer", "condition"),
    [
        ("logging.s3", {"StringEquals"}),
        ("delivery.logs", {"StringEquals", "ArnLike"}),
        # Its test file at creation carries no word of the account: the path has it.
        ("logdelivery.elasticloadbalancing", set()),
    ],
)
def test_the_log_bucket_asks_of_each_writer_what_it_says(writer: str, condition: set[str]) -> None:
    policy = json.loads(stack().named("BucketPolicy", "storage-logs-policy").inputs["policy"])
    (found,) = (
        one
        for one in policy["Statement"]
        if one["Effect"] == "Allow" and one["Principal"]["Service"] == f"{writer}.amazonaws.com"
    )
    assert set(found.get("Condition", {})) == condition
    assert condition or found["Resource"][0].endswith("/alb/AWSLogs/123456789012/*")


def test_no_trail_where_the_account_has_one() -> None:
    assert not named(stack(audit_trail=False), "Trail")


def test_a_budget_tells_before_the_money_is_spent() -> None:
    made = stack(monthly_budget_usd=500, alarm_email="a@example.com")
    steps = made.named("Budget").inputs["notifications"]
    assert [step["notificationType"] for step in steps] == ["ACTUAL", "ACTUAL", "FORECASTED"]
    # Another stack of the same account is not counted.
    (counted,) = made.named("Budget").inputs["costFilters"]
    assert counted["values"] == ["user:Stack$test"]
    assert made.named("Vpc").inputs["tags"]["Stack"] == "test"
    assert len(named(made, "TopicSubscription")) == 2


def test_tags_are_on_the_children_too() -> None:
    made = stack(tags={"Team": "platform"})
    assert made.named("TaskDefinition", "compute-api-task").inputs["tags"]["Team"] == "platform"
    connection = made.named("pulumi:providers:aws", "aws").inputs
    assert json.loads(connection["defaultTags"])["tags"]["Team"] == "platform"


def test_names_without_a_suffix_hold_project_and_stack() -> None:
    made = stack(cache=True)
    for one in made.resources:
        name = str(one.inputs.get("name", ""))
        aws = one.type.startswith("aws:") and one.kind not in ("Record", "LogGroup")
        if name and aws and not name.startswith("alias/"):
            assert "test" in name, one.name


def test_oidc_reaches_the_api() -> None:
    made = stack(oidc_issuer="https://login.example.com", oidc_client_id="skreg")
    assert variables(made, "api")["OIDC_ISSUER"] == "https://login.example.com"
    assert "OIDC_ISSUER" not in variables(made, "worker")
