"""Containers run as nobody in particular, on a read-only root, with two different roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, parsed


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:ecs/taskDefinition:TaskDefinition"):
        if one.inputs.get("taskRoleArn") == one.inputs.get("executionRoleArn"):
            yield one, "works with the role that starts it"
        for container in parsed(one.inputs["containerDefinitions"]):
            yield from ((one, f"{container['name']} {why}") for why in _wrong(container))
    for one in of_type(resources, "aws:ecs/service:Service"):
        if one.inputs.get("networkConfiguration", {}).get("assignPublicIp") is not False:
            yield one, "gets a public address"
        if one.inputs.get("enableExecuteCommand"):
            yield one, "lets people open a shell"


def _wrong(container: dict[str, Any]) -> list[str]:
    expected = {
        "runs as root": not container.get("user", "root").startswith(("root", "0")),
        "writes to its root": container.get("readonlyRootFilesystem") is True,
        "is privileged": not container.get("privileged"),
        "keeps capabilities": "ALL"
        in container.get("linuxParameters", {}).get("capabilities", {}).get("drop", []),
        "has no health check": bool(container.get("healthCheck")),
    }
    return [why for why, well in expected.items() if not well]


RULE = Rule(
    "containers-are-hardened",
    __doc__,
    _check,
    ("CKV_AWS_249", "CKV_AWS_333", "CKV_AWS_334", "CKV_AWS_336"),
)
