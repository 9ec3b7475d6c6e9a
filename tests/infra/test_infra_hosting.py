"""The components as a plugin: what a program in another language sees of them.

The host runs in a process of its own, as it does in use: its protocol and that of Google's clients
describe one message in two ways, and one process holds one of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from skillpkg_infra.hosting import PACKAGE, aws
from skillpkg_infra.plan.rehearsal import rehearse
from skillpkg_infra.providers.aws.answers import AwsAnswers

HOST = """
from pulumi.provider.experimental.component import ComponentProvider
from skillpkg_infra.hosting import PACKAGE, aws
print(ComponentProvider(aws(), PACKAGE, None, "0.1.0").schema)
"""

CONTRACT = {
    "AwsNetwork": {"vpcId", "privateSubnetIds"},
    "AwsPki": {"hsmKeyId", "intermediateCaCertSecretName", "crlBucketPath", "hsmBackend"},
    "AwsStorage": {"bucketName", "cdnBaseUrl", "serviceAccountSecretName"},
    "AwsDatabase": {"connectionSecretName", "host", "port", "databaseName"},
    "AwsCompute": {"serviceUrl", "workerServiceName"},
}
REQUIRED = {
    "AwsDatabase": {"vpcId", "subnetIds"},
    "AwsCompute": {"vpcId", "subnetIds", "imageUri"},
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", HOST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contracts_outputs_are_in_the_schema(schema: dict[str, Any], name: str) -> None:
    component = schema["resources"][f"{PACKAGE}:index:{name}"]
    assert component["isComponent"]
    assert CONTRACT[name] <= set(component["properties"])
    assert set(component["requiredInputs"]) == REQUIRED.get(name, set())


def test_choices_are_enumerations(schema: dict[str, Any]) -> None:
    words = {one["value"] for one in schema["types"][f"{PACKAGE}:index:Deletion"]["enum"]}
    assert words == {"protect", "retain", "destroy"}


def test_what_may_be_unknown_is_an_input_and_what_decides_shapes_is_plain(
    schema: dict[str, Any],
) -> None:
    inputs = schema["resources"][f"{PACKAGE}:index:AwsDatabase"]["inputProperties"]
    assert not inputs["vpcId"].get("plain")
    assert inputs["multiAz"]["plain"]


def test_numbers_are_whole_though_the_wire_knows_floats_alone() -> None:
    network = next(one for one in aws() if one.__name__ == "AwsNetwork")
    asked = {"zones": 3.0, "log_retention_days": 30.0, "tags": {"Team": "a"}}
    made = rehearse(lambda: network("net", asked), AwsAnswers())  # type: ignore[arg-type]
    apps = [one.name for one in made.resources if one.kind == "Subnet" and "-app-" in one.name]
    assert apps == ["net-app-0", "net-app-1", "net-app-2"]
    assert made.named("LogGroup").inputs["retentionInDays"] == 30
