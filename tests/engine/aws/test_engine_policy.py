"""The policy pack in the engine: it judges a preview, and stops what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import Start
from support.engine import ROOT, packed
from support.tools import policy_sdk

SDK = policy_sdk()
pytestmark = pytest.mark.skipif(SDK is None, reason="Pulumi's policy SDK is absent: .ci/tools")

OPEN_DATABASE = """
import pulumi
import pulumi_aws

pulumi_aws.rds.Instance(
    "open",
    instance_class="db.t4g.small",
    publicly_accessible=True,
    opts=pulumi.ResourceOptions(provider=pulumi_aws.Provider("another", region="eu-west-1")),
)
"""


def pack_of(project: Path) -> str:
    """Return the pack, beside the project: with its rules, and an environment of its own."""
    pack = packed(project, "policy", str(SDK))
    shutil.copytree(ROOT / "infra/src/skillpkg_infra", pack / "skillpkg_infra")
    return str(pack)


@pytest.mark.parametrize("name", ["aws-dev", "aws-prod", "aws-byo-network"])
def test_every_stack_keeps_to_the_rules_already_in_its_preview(stack: Start, name: str) -> None:
    engine = stack(name)
    pack = pack_of(engine.folder / "project")
    said = engine.run("preview", "--policy-pack", pack)
    assert "skreg@" in said
    assert "[mandatory]" not in said
    # No rule gave up over a value that AWS has still to answer.
    assert "can't run policy" not in said


def test_what_breaks_a_rule_is_refused_by_its_name(stack: Start) -> None:
    engine = stack()
    project = engine.folder / "project"
    pack = pack_of(project)
    program = project / "infra/__main__.py"
    program.write_text(program.read_text("utf-8") + OPEN_DATABASE, "utf-8")
    said = engine.run("preview", "--policy-pack", pack, fails=True)
    assert "database-is-private" in said
    assert "open: publiclyAccessible is True" in said


def test_what_was_unknown_is_judged_when_it_is_known(stack: Start) -> None:
    engine = stack()
    pack = pack_of(engine.folder / "project")
    said = engine.run("up", "--yes", "--skip-preview", "--policy-pack", pack)
    assert "[mandatory]" not in said
