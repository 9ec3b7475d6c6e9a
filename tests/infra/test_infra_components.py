"""The components on their own, as a program of somebody else's calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from skillpkg_infra.providers.aws.compute import AwsCompute, AwsComputeArgs
from skillpkg_infra.providers.aws.database import AwsDatabase, AwsDatabaseArgs
from skillpkg_infra.providers.aws.network import AwsNetwork
from skillpkg_infra.providers.aws.pki import AwsPki
from skillpkg_infra.providers.aws.storage import AwsStorage


class Naive(pulumi.runtime.Mocks):
    """What most people write: it echoes inputs and answers every call with nothing."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}_id", args.inputs

    def call(self, args: MockCallArgs) -> Any:
        return {}


@pytest.fixture(autouse=True)
def _naive() -> Iterator[None]:
    """Pulumi's mocks want the thread's own event loop; a suite before may have taken it away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings.ROOT.set(None)
    pulumi.runtime.set_mocks(Naive())
    yield
    asyncio.set_event_loop(None)
    loop.close()


def run(program: Callable[[], object]) -> None:
    pulumi.runtime.test(program)()


def test_database_needs_a_network_and_nothing_else() -> None:
    def program() -> object:
        args = AwsDatabaseArgs(vpc_id="vpc-abc", subnet_ids=["subnet-1"])
        outputs = AwsDatabase("db", args).outputs
        assert outputs.port == 5432
        assert outputs.database_name == "skillpkg"
        return pulumi.Output.all(outputs.host, outputs.connection_secret_name)

    run(program)


def test_database_takes_a_class_and_a_standby() -> None:
    args = AwsDatabaseArgs(
        vpc_id="vpc-abc", subnet_ids=["subnet-1"], instance_class="db.t4g.micro", multi_az=False
    )
    run(lambda: pulumi.Output.from_input(AwsDatabase("db", args).outputs.host))


@pytest.mark.parametrize(
    "program",
    [
        lambda: AwsStorage("s").outputs.bucket_name,
        lambda: AwsStorage("s").outputs.cdn_base_url,
        lambda: AwsPki("p").outputs.hsm_key_id,
        lambda: AwsNetwork("n").outputs.vpc_id,
        lambda: AwsCompute(
            "c", AwsComputeArgs(vpc_id="vpc-1", subnet_ids=["a", "b"], image_uri="skreg:1")
        ).outputs.service_url,
    ],
    ids=["storage", "cdn", "pki", "network", "compute"],
)
def test_component_stands_alone(program: Callable[[], object]) -> None:
    run(program)
