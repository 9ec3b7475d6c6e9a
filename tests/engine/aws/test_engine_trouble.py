"""What goes wrong on the way: refusals half way, things that did not become, changes by others."""

from __future__ import annotations

from conftest import Start

REFUSED = "InsufficientDBInstanceCapacity: not now"


def test_a_failed_create_is_resumed(stack: Start) -> None:
    engine = stack()
    engine.cloud.fail(database_postgres=REFUSED)
    said = engine.run("up", "--yes", "--skip-preview", fails=True)
    assert REFUSED in said
    before = {one.id for one in engine.cloud.things()}
    assert "database-postgres" not in {one.name for one in engine.cloud.things()}

    engine.cloud.fail()
    resumed = engine.up()
    after = {one.id for one in engine.cloud.things()}
    assert before < after
    assert set(resumed) == {"create", "same"}
    assert engine.cloud.ended() == []
    assert set(engine.up()) == {"same"}


def test_containers_that_do_not_become_healthy_fail_the_update_and_are_finished_later(
    stack: Start,
) -> None:
    engine = stack()
    engine.cloud.fail(compute_worker="unfinished: the service did not become stable")
    said = engine.run("up", "--yes", "--skip-preview", fails=True)
    assert "did not become stable" in said
    worker = engine.thing("Service", "compute-worker")
    # The api waits for the worker, which migrates the database.
    assert "compute-api" not in {one.name for one in engine.cloud.things()}

    engine.cloud.fail()
    engine.up()
    assert engine.thing("Service", "compute-worker").id == worker.id
    assert engine.thing("Service", "compute-api")
    assert set(engine.up()) == {"same"}


def test_a_bucket_opened_behind_our_back_is_closed_again(deployed: Start) -> None:
    engine = deployed()
    closed = engine.thing("BucketPublicAccessBlock", "storage-read-plane-closed")
    for part in (closed.inputs, closed.state):
        part["blockPublicPolicy"] = False
    engine.cloud.keep(closed)

    assert engine.up("--refresh")["update"] == 1
    closed = engine.thing("BucketPublicAccessBlock", "storage-read-plane-closed")
    assert closed.inputs["blockPublicPolicy"] is True


def test_the_count_that_autoscaling_chose_is_left_alone(deployed: Start) -> None:
    engine = deployed()
    service = engine.thing("Service", "compute-api")
    for part in (service.inputs, service.state):
        part["desiredCount"] = 2
    engine.cloud.keep(service)

    changes = engine.up("--refresh")
    assert set(changes) <= {"same", "update"}
    assert engine.thing("Service", "compute-api").inputs["desiredCount"] == 2


def test_what_somebody_deleted_is_made_again(deployed: Start) -> None:
    engine = deployed()
    alarm = engine.thing("MetricAlarm", "compute-worker-gone")
    engine.cloud.delete(alarm.kind, alarm.id)

    assert engine.up("--refresh")["create"] == 1
    assert engine.thing("MetricAlarm", "compute-worker-gone")


def test_a_pause_stops_every_container_and_ends(deployed: Start) -> None:
    engine = deployed()
    engine.set(paused="true")
    engine.up()
    counts = [engine.thing("Service", f"compute-{who}") for who in ("api", "worker")]
    assert [one.inputs["desiredCount"] for one in counts] == [0, 0]
    engine.set(paused=None)
    assert "replace" not in engine.up()


def test_a_rotated_key_is_made_beside_the_old_one(deployed: Start) -> None:
    engine = deployed(deletion="protect")
    first = engine.thing("Key", "pki-signing")
    engine.set(key_generations="{signing: 2}")
    engine.up()
    second = engine.thing("Key", "pki-signing-2")
    alias = engine.thing("Alias", "pki-signing-alias")
    assert alias.inputs["targetKeyId"] == second.state["keyId"]
    assert engine.thing("Key", "pki-signing").id == first.id
    ended = {one["kind"].rpartition(":")[2] for one in engine.cloud.ended()}
    assert ended == {"TaskDefinition"}
