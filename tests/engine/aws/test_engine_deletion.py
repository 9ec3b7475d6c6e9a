"""``deletion`` acts as docs/OPERATIONS.md says: in the engine, and in the cloud."""

from __future__ import annotations

import pytest

from conftest import Start
from support.engine import Engine

CARRIERS = {"Vpc", "Subnet", "SecurityGroup", "SubnetGroup", "ParameterGroup"}
HOLDERS = {"Bucket", "Instance", "Key", "ReplicaKey", "Repository", "Secret"}


def kinds(engine: Engine) -> set[str]:
    return {one.kind.rpartition(":")[2] for one in engine.cloud.things()}


def names(engine: Engine) -> set[str]:
    return {one.name for one in engine.cloud.things()}


def test_protect_refuses_before_anything_is_gone(deployed: Start) -> None:
    engine = deployed(deletion="protect")
    before = names(engine)
    said = engine.run("destroy", "--yes", fails=True)
    assert "protect" in said
    assert names(engine) == before


def test_protect_holds_the_data_even_when_the_preview_is_skipped(deployed: Start) -> None:
    engine = deployed(deletion="protect")
    before = {one.name for one in engine.cloud.things() if one.kind.rpartition(":")[2] in HOLDERS}
    engine.run("destroy", "--yes", "--skip-preview", fails=True)
    # A secret that only repeats addresses holds nothing.
    assert before - names(engine) <= {"storage-facts", "compute-cache-url"}


def test_retain_leaves_the_data_and_what_it_stands_on(deployed: Start) -> None:
    engine = deployed(deletion="retain", repository="true", recovery_region="eu-central-1")
    held = {one.name for one in engine.cloud.things() if one.kind.rpartition(":")[2] in HOLDERS}
    engine.run("destroy", "--yes")
    assert held - names(engine) <= {"storage-facts", "compute-cache-url"}
    assert kinds(engine) <= HOLDERS | CARRIERS
    carriers = {
        one.name for one in engine.cloud.things() if one.kind.rpartition(":")[2] in CARRIERS
    }
    assert carriers == {
        "network-vpc",
        "network-data-0",
        "network-data-1",
        "database-access",
        "database-subnets",
        "database-parameters",
    }


def test_retain_in_your_own_network(deployed: Start) -> None:
    engine = deployed("aws-byo-network")
    engine.run("destroy", "--yes")
    assert kinds(engine) <= HOLDERS | CARRIERS
    assert "Vpc" not in kinds(engine)


@pytest.mark.parametrize("name", ["aws-dev", "aws-prod"])
def test_a_protected_stack_is_taken_down_as_documented(deployed: Start, name: str) -> None:
    engine = deployed(name, deletion="protect")
    engine.set(deletion="destroy", prod_accepts="[destroy]")
    engine.up()
    engine.run("destroy", "--yes")
    assert names(engine) == set()
    windows = [
        one["inputs"]["deletionWindowInDays"]
        for one in engine.cloud.ended()
        if one["kind"] == "aws:kms/key:Key"
    ]
    assert set(windows) == {7}


def test_the_database_is_restored_as_documented(deployed: Start) -> None:
    engine = deployed(deletion="protect")
    old = engine.thing("Instance", "database-postgres")
    engine.set(paused="true", deletion="retain")
    engine.up()
    engine.set(restore_snapshot="skreg-restore")
    engine.up()
    engine.set(deletion="protect", paused=None)
    engine.up()

    instances = [one for one in engine.cloud.things() if one.kind.endswith(":Instance")]
    restored = next(one for one in instances if one.id != old.id)
    assert {one.id for one in instances} == {old.id, restored.id}
    assert restored.inputs["snapshotIdentifier"] == "skreg-restore"
    assert restored.inputs["deletionProtection"] is True
    worker = engine.thing("TaskDefinition", "compute-worker-task")
    assert restored.id in worker.inputs["containerDefinitions"]
    assert set(engine.up()) == {"same"}
