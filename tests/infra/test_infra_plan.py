"""The plan that a person decides from."""

from __future__ import annotations

from pathlib import Path

import pytest
from infra_plans import ROOT, planned

from skillpkg_infra.choices import Cloud, Deletion, HsmBackend, Nat, Size
from skillpkg_infra.config import NetworkChoice
from skillpkg_infra.plan.__main__ import main
from skillpkg_infra.plan.rehearsal import Rehearsal
from skillpkg_infra.plan.run import Plan
from skillpkg_infra.providers import PROVIDERS
from skillpkg_infra.warnings import warnings_of

STACKS = str(ROOT / "stacks")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["--cloud", "aws", "--stacks", STACKS, *arguments]) == 0
    return capsys.readouterr().out


def test_plan_shows_resources_identities_containers_and_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(capsys, "--stack", "prod")
    for part in (
        "in 5 components",
        "1 Instance: database-postgres",
        "worker\n    may connect database",
        "may sign root_key",
        "kms:Sign",
        "PUBLIC_URL=https://skills.example.com",
        "nat: per_az",
        "db.m7g.large with a standby in a second zone; gp3 100 GiB, growing to 500; 35 days",
        "2 to 8 containers of 1 vCPU and 2 GiB",
        "NAT gateways, by hour",
        "keys, 5 of them sign, and 5 replicas",
        "compute-edge                 open to everyone, over HTTPS",
        "database-access:5432         open to PostgreSQL from the worker",
        "network-worker               may reach the internet on 443",
        "on pki-signing\n",
        "VALKEY_URL from arn:aws:secretsmanager",
        "next_commands",
        "root_mode is managed",
    ):
        assert part in text, part
    assert "not-a-real-password" not in text
    api = text.partition("IDENTITIES")[2].partition("worker")[0]
    assert "sign" not in api


def test_plan_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--stack", "dev", "--mermaid")
    assert text.startswith("flowchart LR")
    assert "network --> database" in text
    assert "pki --> compute" in text


def test_a_stack_that_is_not_there_is_named_beside_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--cloud", "aws", "--stack", "nowhere", "--stacks", STACKS]) == 2
    said = capsys.readouterr().err
    assert "Pulumi.aws-nowhere.yaml" in said
    assert "Pulumi.aws-prod.yaml" in said


@pytest.mark.parametrize("cloud", [str(one) for one in Cloud if one not in PROVIDERS])
def test_a_cloud_without_components_is_said_so(
    cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cloud", cloud, "--stack", "prod", "--stacks", STACKS]) == 2
    said = capsys.readouterr().err
    assert f"no components for cloud_provider={cloud} yet. It has: aws" in said


def test_a_stack_file_of_another_cloud_is_not_planned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROVIDERS, Cloud.GCP, "Gcp")
    monkeypatch.setenv("SKILLPKG_CLOUD_PROVIDER", "gcp")
    assert main(["--cloud", "aws", "--stack", "dev", "--stacks", STACKS]) == 2
    assert "gcp in a plan for aws" in capsys.readouterr().err


def test_a_stack_with_mistakes_is_told_all_of_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong = "config:\n  skreg:cloud_provider: aws\n  skreg:size: huge\n  skreg:nat: perhaps\n"
    (tmp_path / "Pulumi.aws-wrong.yaml").write_text(wrong)
    assert main(["--cloud", "aws", "--stack", "wrong", "--stacks", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "3 mistake(s)" in said
    assert "small, medium or large" in said


def test_every_stack_says_what_a_person_should_know(plan: Plan) -> None:
    assert plan.warnings == warnings_of(plan.config)
    assert all(warning.endswith(".") for warning in plan.warnings)
    if plan.config.root_mode == "managed":
        assert any("sealed" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deletion": Deletion.DESTROY}, "for good"),
        ({"hsm_backend": HsmBackend.SOFTWARE}, "in an HSM all the same"),
        ({"size": Size.LARGE, "cache": False}, "counts rate limits for itself"),
        ({"audit_trail": False}, "CloudTrail"),
        ({"paused": True}, "72 hours"),
        ({"region": "moon-west-1"}, "the server proves nothing"),
        ({"multi_az": False}, "no second zone"),
        ({"nat": Nat.NONE}, "cannot invalidate the CDN"),
        ({"domain": None}, "TLS 1.0"),
        ({"alarm_email": None}, "reach nobody"),
        ({"nat": Nat.SINGLE}, "one zone's loss"),
        ({"image_uri": "skreg:1"}, "pin the digest"),
        ({"network": NetworkChoice(block_public_access=True)}, "every VPC of this account"),
    ],
)
def test_what_is_allowed_but_costs_is_said(change: dict[str, object], said: str) -> None:
    prod = planned("aws", "prod").config
    assert any(said in warning for warning in warnings_of(prod.model_copy(update=change)))
    assert not any(said in warning for warning in warnings_of(prod))


def test_a_resource_that_is_not_one_is_told() -> None:
    with pytest.raises(LookupError, match="0 resources"):
        Rehearsal().named("Bucket")
