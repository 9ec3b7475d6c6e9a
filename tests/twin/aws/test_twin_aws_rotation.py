"""A password and a key are replaced while people read and publish: nobody notices."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

from support.twin import USER, Twin, is_ready, twin
from support.twin_customer import Customer
from support.twin_process import Container
from support.twin_traffic import traffic


def rotate_password(stack: Twin, password: str) -> None:
    """Do what RDS does: the database first, its secret a moment later."""
    stack.postgres.set_password(USER, password)
    time.sleep(0.3)
    value = json.dumps({"username": USER, "password": password})
    stack.aws.client("secretsmanager").put_secret_value(SecretId=stack.secret(), SecretString=value)


def test_the_database_password_is_rotated_under_traffic(tmp_path: Path) -> None:
    with twin(tmp_path) as stack:
        stack.postgres.start()
        with stack.serving() as (api, worker):
            acme = stack.customer("acme")
            acme.sign_up("acme")
            acme.publish("acme", "demo")
            with traffic(stack, acme, "acme") as seen:
                for password in ("second-password", "third-password"):
                    seen.wait_for_more()
                    rotate_password(stack, password)
                    assert stack.postgres.cut_connections(USER) > 1
                seen.wait_for_more()
            assert seen.failures == []
            reader = stack.customer("reader")
            reader.install(f"acme/busy@{seen.published[-1]}")
            assert reader.installed("acme", "busy", seen.published[-1])
            assert api.ends == [], "the api lives through it"
            for container in (api, worker):
                assert "password" not in container.told().replace("password authentication", "")
        assert stack.aws.rights.refused() == []


def begun(stack: Twin, running: ExitStack, first: Container) -> Customer:
    """Start the first worker and the api; returns the publisher of ``acme/demo``."""
    running.enter_context(stack.worker(first))
    first.wait(lambda: is_ready(first), "ready")
    api = running.enter_context(stack.api())
    api.wait(lambda: is_ready(api), "ready")
    acme = stack.customer("acme")
    acme.sign_up("acme")
    acme.publish("acme", "demo")
    return acme


def test_the_signing_key_is_rotated_under_traffic(tmp_path: Path) -> None:
    with twin(tmp_path) as stack, ExitStack() as running:
        stack.postgres.start()
        first, old = stack.container("worker"), key_of(stack)
        acme = begun(stack, running, first)
        with traffic(stack, acme, "acme") as seen:
            seen.wait_for_more()
            stack.change(key_generations={"signing": 2})
            new = key_of(stack)
            assert new != old
            second = running.enter_context(stack.worker())
            second.wait(lambda: is_ready(second), "ready")
            seen.wait_for_more()
            assert first.stop() == 0
            before = stack.aws.rights.signed_with(old)
            seen.wait_for_more()
        assert seen.failures == []
        assert stack.aws.rights.signed_with(old) == before, "the old key has come to rest"
        assert stack.aws.rights.signed_with(new) > 0
        reader = stack.customer("reader")
        for ref in ("demo", f"busy@{seen.published[0]}", f"busy@{seen.published[-1]}"):
            reader.install(f"acme/{ref}")
        assert stack.aws.rights.refused() == []


def test_a_ca_and_the_log_key_are_rotated_by_the_program_alone(tmp_path: Path) -> None:
    with twin(tmp_path) as stack, ExitStack() as running:
        stack.postgres.start()
        first = stack.container("worker")
        acme = begun(stack, running, first)
        before = {role: key_of(stack, role) for role in ("REGISTRY_CA", "LOG")}
        stack.change(key_generations={"registry_ca": 2, "log": 2})
        second = running.enter_context(stack.worker())
        second.wait(lambda: is_ready(second), "ready")
        assert first.stop() == 0
        acme.publish("acme", "late")
        for role, old in before.items():
            new = key_of(stack, role)
            assert new != old
            assert stack.aws.rights.signed_with(new) > 0, "the managed root has signed for it"
        reader = stack.customer("reader")
        for name in ("demo", "late"):
            reader.install(f"acme/{name}")
            assert reader.installed("acme", name)
        assert stack.aws.rights.refused() == []


def key_of(stack: Twin, role: str = "SIGNING") -> str:
    """Return the ARN of the key that a worker started now signs with."""
    return stack.environment("worker")[f"{role}_KEY_URI"].removeprefix("awskms:///")
