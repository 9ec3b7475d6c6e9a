"""What ``pulumi up`` deploys on AWS starts, publishes, is installed from and takes down."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from support import twin_valkey
from support.twin import Twin, is_ready, status, twin
from support.twin_traffic import session

MANY_PARTS = 6 << 20
"""Over five mebibytes an upload to S3 goes in parts, which takes other requests."""


def invalidated(stack: Twin) -> list[str]:
    """Return the paths that the read plane's CDN was asked to forget."""
    cdn = stack.environment("worker")["CDN_URI"].removeprefix("cloudfront://")
    client = stack.aws.client("cloudfront")
    found = client.list_invalidations(DistributionId=cdn)["InvalidationList"].get("Items", [])
    paths: list[str] = []
    for one in found:
        told = client.get_invalidation(DistributionId=cdn, Id=one["Id"])["Invalidation"]
        paths += told["InvalidationBatch"]["Paths"]["Items"]
    return paths


def certificates(stack: Twin) -> str:
    """Return what the worker has put into the secret that the program made for it."""
    name = stack.environment("worker")["PKI_SECRET"].split("/", 3)[3]
    found = stack.aws.client("secretsmanager").get_secret_value(SecretId=name)
    return str(found["SecretString"])


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_a_stack_publishes_and_is_installed_from(tmp_path: Path, profile: str) -> None:
    cache = profile == "prod" and twin_valkey.program() is not None
    with twin(tmp_path, profile, cache=cache) as stack:
        stack.postgres.start()
        with stack.serving() as (api, worker):
            acme = stack.customer("acme")
            acme.sign_up("acme")
            acme.publish("acme", "demo", more=random.Random(1).randbytes(MANY_PARTS))
            reader = stack.customer("reader")
            reader.install("acme/demo")
            assert reader.installed("acme", "demo")
            with session(stack, "acme") as owner:
                owner.send("DELETE", "/v1/packages/acme/demo/1.0.0")
            worker.wait(lambda: bool(invalidated(stack)), "done with the CDN")
            assert any("/demo/" in path for path in invalidated(stack))
            late = stack.customer("late")
            assert late.run("install", "acme/demo").returncode != 0
            assert "rate-limit-store-away" not in api.told()
        assert certificates(stack).count("BEGIN CERTIFICATE") == 3
        assert stack.aws.rights.refused() == []
        assert {call.role for call in stack.aws.rights.calls} == {"api", "worker"}


def test_a_private_stack_comes_up_and_waits_for_its_root(tmp_path: Path) -> None:
    with twin(tmp_path, "byo-network", cache=False) as stack:
        stack.postgres.start()
        with stack.serving() as (api, worker):
            worker.wait(lambda: "pki-missing" in worker.told(), "waiting for the ceremony")
            port = int(api.environment["LISTEN_PORT"])
            assert is_ready(api)
            assert status(port, "/v1/packages/acme/demo") == 401, "a private registry"
            time.sleep(0.5)
            assert (api.ends, worker.ends) == ([], [])
        assert stack.aws.rights.refused() == []
