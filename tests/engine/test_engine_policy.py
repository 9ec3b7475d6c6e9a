"""The policy pack in the engine: it judges a preview, and stops what it refuses."""

from __future__ import annotations

import pytest
from test_engine_plugin import packed

from conftest import Start

pytest.importorskip("pulumi_policy", reason="pulumi-policy is not installed")

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


@pytest.mark.parametrize("name", ["aws-dev", "aws-prod", "aws-byo-network"])
def test_every_stack_keeps_to_the_rules_already_in_its_preview(stack: Start, name: str) -> None:
    engine = stack(name)
    pack = packed(engine.folder / "project", "policy")
    said = engine.run("preview", "--policy-pack", str(pack))
    assert "skreg@" in said
    assert "[mandatory]" not in said
    # No rule gave up over a value that AWS has still to answer.
    assert "can't run policy" not in said


def test_what_breaks_a_rule_is_refused_by_its_name(stack: Start) -> None:
    engine = stack()
    project = engine.folder / "project"
    pack = packed(project, "policy")
    program = project / "infra/__main__.py"
    program.write_text(program.read_text("utf-8") + OPEN_DATABASE, "utf-8")
    said = engine.run("preview", "--policy-pack", str(pack), fails=True)
    assert "database-is-private" in said
    assert "open: publiclyAccessible is True" in said


def test_what_was_unknown_is_judged_when_it_is_known(stack: Start) -> None:
    engine = stack()
    pack = packed(engine.folder / "project", "policy")
    said = engine.run("up", "--yes", "--skip-preview", "--policy-pack", str(pack))
    assert "[mandatory]" not in said
