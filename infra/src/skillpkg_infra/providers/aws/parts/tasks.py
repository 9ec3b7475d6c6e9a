"""Task definitions: one image, two roles, non-root on a read-only root file system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.ecs import (
    TaskDefinition,
    TaskDefinitionRuntimePlatformArgs,
    TaskDefinitionVolumeArgs,
)

from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope

PORT = 8080
USER = "10001:10001"
HEALTH = "/opt/skreg/share/health.py"
"""The image's own check of the role that it runs."""
SCRATCH = "scratch"
SCRATCH_PATH = "/tmp"  # noqa: S108  # the container's own, emptied with it


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One role of the image. ``cpu`` is 1024 to a core, ``memory`` in MiB."""

    identity: Identity
    image: str
    cpu: int
    memory: int
    environment: Mapping[str, Text]
    secrets: Mapping[str, Text]
    """Variable -> ARN of the secret that is injected when a container starts."""


def task_definition(
    scope: Scope, plan: TaskPlan, role: Text, starter: Text, logs: LogGroup, region: Text
) -> TaskDefinition:
    """Describe the containers of one role."""
    return TaskDefinition(
        scope.named(f"{plan.identity}-task"),
        family=physical(str(plan.identity), 200),
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(plan.cpu),
        memory=str(plan.memory),
        runtime_platform=TaskDefinitionRuntimePlatformArgs(
            cpu_architecture="X86_64", operating_system_family="LINUX"
        ),
        task_role_arn=role,
        execution_role_arn=starter,
        volumes=[TaskDefinitionVolumeArgs(name=SCRATCH)],
        container_definitions=pulumi.Output.json_dumps([_container(plan, logs, region)]),
        tags=scope.labels(f"{plan.identity}-task"),
        opts=scope.options(),
    )


def _container(plan: TaskPlan, logs: LogGroup, region: Text) -> dict[str, Any]:
    return {
        "name": str(plan.identity),
        "image": plan.image,
        "essential": True,
        "entryPoint": ["skreg"],
        "command": [str(plan.identity)],
        "user": USER,
        "readonlyRootFilesystem": True,
        "privileged": False,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": SCRATCH, "containerPath": SCRATCH_PATH}],
        "environment": _variables(plan.environment, "value"),
        "secrets": _variables(plan.secrets, "valueFrom"),
        "healthCheck": _health(),
        "stopTimeout": 90,
        "versionConsistency": "enabled",
        "logConfiguration": _log_configuration(plan, logs, region),
        **_door(plan),
    }


def _variables(values: Mapping[str, Text], key: str) -> list[dict[str, Text]]:
    return [{"name": name, key: values[name]} for name in sorted(values)]


def _door(plan: TaskPlan) -> dict[str, Any]:
    if plan.identity is Identity.WORKER:
        return {}
    return {"portMappings": [{"containerPort": PORT, "protocol": "tcp", "name": "http"}]}


def _health() -> dict[str, Any]:
    return {
        "command": ["CMD", "python", HEALTH],
        "interval": 15,
        "timeout": 10,
        "retries": 4,
        "startPeriod": 300,
    }


def _log_configuration(plan: TaskPlan, logs: LogGroup, region: Text) -> dict[str, Any]:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": logs.name,
            "awslogs-region": region,
            "awslogs-stream-prefix": str(plan.identity),
            # A log store that does not answer must not stop the registry.
            "mode": "non-blocking",
            "max-buffer-size": "8m",
        },
    }
