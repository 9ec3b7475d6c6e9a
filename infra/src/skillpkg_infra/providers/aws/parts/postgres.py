"""What an RDS PostgreSQL is made of beside the instance itself."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.iam import Role, RolePolicyAttachment
from pulumi_aws.rds import ParameterGroup, ParameterGroupParameterArgs, SubnetGroup

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.choices import Size
from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.policies import trust
from skillpkg_infra.providers.aws.parts.text import joined, listed
from skillpkg_infra.scope import Scope

ENGINE_MAJOR = "17"

INSTANCE_CLASSES = {
    Size.SMALL: "db.t4g.small",
    Size.MEDIUM: "db.m7g.large",
    Size.LARGE: "db.r7g.xlarge",
}

PARAMETERS = {
    "rds.force_ssl": "1",
    "password_encryption": "scram-sha-256",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    "log_min_duration_statement": "1000",
    "log_statement": "ddl",
    "idle_in_transaction_session_timeout": "60000",
}
"""TLS is forced; statements are logged when they change the schema or take over a second."""


def subnet_group(scope: Scope, subnet_ids: Sequence[pulumi.Input[str]]) -> SubnetGroup:
    """Name the subnets that the database may live in."""
    return SubnetGroup(
        scope.named("subnets"),
        description=f"{scope.name}: private data subnets",
        subnet_ids=listed(subnet_ids),
        tags=scope.labels("subnets"),
        opts=scope.options(carries=True),
    )


def parameter_group(scope: Scope) -> ParameterGroup:
    """Set what PostgreSQL must do."""
    return ParameterGroup(
        scope.named("parameters"),
        family=f"postgres{ENGINE_MAJOR}",
        description=f"{scope.name}: forced TLS, SCRAM, logging",
        parameters=[
            ParameterGroupParameterArgs(name=name, value=setting, apply_method="immediate")
            for name, setting in PARAMETERS.items()
        ],
        tags=scope.labels("parameters"),
        opts=scope.options(carries=True),
    )


def monitoring_role(scope: Scope, account: Account) -> Role:
    """Let RDS write the operating system's metrics."""
    role = Role(
        scope.named("monitoring"),
        assume_role_policy=trust(
            "monitoring.rds.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account.id}}
        ),
        tags=scope.labels("monitoring"),
        opts=scope.options(),
    )
    RolePolicyAttachment(
        scope.named("monitoring-policy"),
        role=role.name,
        policy_arn=joined(
            "arn:",
            account.partition,
            ":iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        ),
        opts=scope.options(),
    )
    return role


def alarms(name: str, instance: pulumi.Input[str], disk_gib: int) -> list[Alarm]:
    """Say what is wrong with a database: no room, no CPU, no memory, too many connections."""
    watched: list[tuple[str, str, bool, float, str]] = [
        ("FreeStorageSpace", "storage", False, disk_gib * 2**30 * 0.15, "15 % of the disk is left"),
        ("CPUUtilization", "cpu", True, 85.0, "the CPU is busy"),
        ("FreeableMemory", "memory", False, 128 * 2.0**20, "128 MiB of memory are left"),
        ("DatabaseConnections", "connections", True, 150.0, "connections pile up"),
    ]
    return [
        Alarm(
            name=f"{name}-{part}",
            description=f"Database: {text}.",
            namespace="AWS/RDS",
            metric=metric,
            dimensions={"DBInstanceIdentifier": instance},
            statistic="Average",
            above=above,
            threshold=threshold,
            period=300,
            evaluations=3,
        )
        for metric, part, above, threshold, text in watched
    ]
