"""A program that knows nothing of our Python uses the components through the plugin."""

from __future__ import annotations

import yaml

from conftest import Start
from support.engine import packed

PROGRAM = """
import pulumi
import pulumi_aws

opts = pulumi.ResourceOptions(providers=[pulumi_aws.Provider("aws", region="eu-west-1")])


class Remote(pulumi.ComponentResource):
    def __init__(self, kind, name, props, outputs):
        super().__init__(f"skillpkg:index:{kind}", name, {**props, **dict.fromkeys(outputs)}, opts, True)


network = Remote("AwsNetwork", "net", {"deletion": "destroy", "zones": 2}, ["vpcId", "dataSubnetIds"])
store = Remote("AwsStorage", "s", {"deletion": "destroy"}, ["bucketName", "cdnBaseUrl"])
database = Remote(
    "AwsDatabase",
    "db",
    {"vpcId": network.vpcId, "subnetIds": network.dataSubnetIds, "deletion": "destroy"},
    ["port", "databaseName", "host"],
)
pulumi.export("port", database.port)
pulumi.export("name", database.databaseName)
pulumi.export("cdn", store.cdnBaseUrl)
"""


def test_components_are_deployed_through_the_plugin(stack: Start) -> None:
    engine = stack()
    project = engine.folder / "project"
    plugin = packed(project, "plugin")
    manifest = project / "Pulumi.yaml"
    content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    content["plugins"] = {"providers": [{"name": "skillpkg", "path": str(plugin)}]}
    manifest.write_text(yaml.safe_dump(content), encoding="utf-8")
    (project / "infra/__main__.py").write_text(PROGRAM, encoding="utf-8")

    engine.up()
    outputs = yaml.safe_load(engine.run("stack", "output", "--json"))
    assert outputs["port"] == 5432
    assert outputs["name"] == "skillpkg"
    assert outputs["cdn"].startswith("https://")
    database = engine.thing("Instance", "db-postgres")
    assert database.inputs["deletionProtection"] is False
    assert "replace" not in engine.up()
    engine.run("destroy", "--yes")
    assert list(engine.cloud.things()) == []
