"""One role of the image on AWS: its identity, its log, its task definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.ecs import TaskDefinition
from pulumi_aws.kms import Key

from skillpkg_infra.choices import RootMode, Size
from skillpkg_infra.components.compute import ComputeArgs
from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.identities import execution_role, task_role
from skillpkg_infra.providers.aws.parts.logs import log_group
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.tasks import TaskPlan, task_definition
from skillpkg_infra.rights import Identity, Resource, rights
from skillpkg_infra.scope import Scope
from skillpkg_infra.sizes import SHAPES


@dataclass(frozen=True, slots=True)
class Workload:
    """What was made."""

    task: TaskDefinition
    logs: LogGroup


def workload(
    scope: Scope,
    account: Account,
    args: ComputeArgs,
    key: Key,
    identity: Identity,
    environment: Mapping[str, Text],
    secrets: Mapping[str, Text],
) -> Workload:
    """Make one role of the image.

    Args:
        scope: names and tags.
        account: where it runs.
        args: the component's inputs.
        key: encrypts its log.
        identity: which role.
        environment: its variables, complete.
        secrets: variable -> ARN of the secret injected at start.
    """
    logs = log_group(scope, f"{identity}-log", args.get("log_retention_days", 365), key)
    handles = args.get("handles", {})
    rows = rights(args.get("root_mode", RootMode.MANAGED), cdn=str(Resource.CDN) in handles)
    plan = _plan(args, identity, environment, secrets)
    role = task_role(scope, account, identity, rows, handles)
    starter = execution_role(
        scope, account, identity, logs.arn, args["image_uri"], list(secrets.values())
    )
    return Workload(task_definition(scope, plan, role, starter, logs, account.region), logs)


def _plan(
    args: ComputeArgs,
    identity: Identity,
    environment: Mapping[str, Text],
    secrets: Mapping[str, Text],
) -> TaskPlan:
    shape = SHAPES[args.get("size", Size.SMALL)]
    api = identity is Identity.API
    return TaskPlan(
        identity=identity,
        image=args["image_uri"],
        cpu=shape.api_cpu if api else shape.worker_cpu,
        memory=shape.api_memory if api else shape.worker_memory,
        environment=environment,
        secrets=secrets,
    )
