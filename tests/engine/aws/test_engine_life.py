"""Preview, deploy, nothing to do, change, refresh, destroy: each stack in a real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Start
from skillpkg_infra.plan.run import plan_stack
from support.engine import ROOT

PROFILES = ("dev", "prod", "byo-network")


@pytest.mark.parametrize("profile", PROFILES)
def test_preview_of_a_new_stack_knows_nothing_and_fails_nowhere(stack: Start, profile: str) -> None:
    engine = stack(f"aws-{profile}")
    planned = plan_stack(ROOT / "stacks", "aws", profile).rehearsal.resources
    # The stack itself is a resource of the engine's, and not of the plan's.
    assert engine.preview() == {"create": len(planned) + 1}
    assert list(engine.cloud.things()) == []


def test_a_stack_lives(stack: Start) -> None:
    engine = stack()
    made = engine.up()
    assert set(made) == {"create"}
    assert engine.preview() == engine.up() == {"same": made["create"]}
    engine.run("refresh", "--yes", "--skip-preview")
    assert engine.last() == {"same": made["create"]}

    engine.set(size="medium")
    assert engine.preview() == (changed := engine.up())
    assert changed["update"] > 0
    database = engine.thing("Instance", "database-postgres")
    assert database.inputs["instanceClass"] == "db.m7g.large"
    # New containers are new task definitions; nothing that holds data is made anew.
    assert {one["kind"].rpartition(":")[2] for one in engine.cloud.ended()} == {"TaskDefinition"}

    engine.run("destroy", "--yes")
    assert list(engine.cloud.things()) == []
    assert engine.state() == []


def test_the_plan_is_what_the_engine_makes(deployed: Start) -> None:
    engine = deployed("aws-prod")
    planned = plan_stack(ROOT / "stacks", "aws", "prod").rehearsal.resources
    state = {one["urn"].split("::", 2)[2]: one for one in engine.state()}
    for one in planned:
        urn = one.urn.split("::", 2)[2]
        assert urn in state, urn
        assert state[urn].get("protect", False) is one.protect, urn
    # The engine's own: the stack, and the provider of random numbers.
    own = {urn for urn in state if urn.startswith(("pulumi:pulumi:Stack", "pulumi:providers:"))}
    assert len(state) == len(planned) + len(own) - 1, "the plan has AWS's provider too"


def test_every_aws_resource_goes_through_the_stacks_own_provider(deployed: Start) -> None:
    engine = deployed("aws-byo-network")
    providers = {
        one["provider"].rpartition("::")[0].rpartition("::")[2]
        for one in engine.state()
        if one["type"].startswith("aws:")
    }
    assert providers == {"aws"}


def test_wrong_configuration_names_every_mistake_and_makes_nothing(stack: Start) -> None:
    engine = stack(size="vast", deletion="sometimes", colour="blue")
    said = engine.run("up", "--yes", "--skip-preview", fails=True)
    for mistake in ("size", "vast", "deletion", "sometimes", "colour"):
        assert mistake in said
    assert list(engine.cloud.things()) == []


def test_outputs_are_the_contracts(deployed: Start) -> None:
    engine = deployed()
    outputs = json.loads(engine.run("stack", "output", "--json"))
    assert outputs["service_url"].startswith("https://")
    assert outputs["cdn_base_url"].startswith("https://")
    assert outputs["port"] == 5432
    assert outputs["database_name"] == "skillpkg"
    assert outputs["next_commands"][0] == f"curl --fail {outputs['service_url']}/readyz"


def test_the_password_is_encrypted_wherever_the_engine_keeps_it(stack: Start) -> None:
    engine = stack(cache="true")
    said = engine.run("up", "--yes", "--diff")
    password = engine.thing("RandomPassword", "compute-cache-password").state["result"]
    assert password in json.dumps(engine.thing("User", "compute-cache-user").inputs)
    kept = [path for path in _files(engine.folder / "state")]
    assert kept
    assert not [path for path in kept if password in path.read_text(encoding="utf-8")]
    assert password not in said
    assert password not in engine.run("stack", "export")
    assert password in engine.run("stack", "export", "--show-secrets")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
