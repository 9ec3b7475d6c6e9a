"""Turns the rows of ``rights`` into roles and policies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.iam import Role, RolePolicy

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.naming import role_name
from skillpkg_infra.providers.aws.parts.policies import Statement, Text, document, trust
from skillpkg_infra.providers.aws.parts.text import joined, once
from skillpkg_infra.rights import KEYS, Identity, Resource, Right, Verb, of
from skillpkg_infra.scope import Scope

Handles = Mapping[str, Sequence[Text]]


@dataclass(frozen=True, slots=True)
class Grant:
    """What one verb means in AWS: actions on the thing itself, or on the objects in it."""

    actions: tuple[str, ...]
    on_objects: bool = False


LIST = Grant(("s3:ListBucket",))
GET = Grant(("s3:GetObject",), on_objects=True)
READ_SECRET = Grant(("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"))
SIGN = Grant(("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"))

GRANTS: dict[tuple[Verb, Resource], tuple[Grant, ...]] = {
    (Verb.CONNECT, Resource.DATABASE): (READ_SECRET,),
    (Verb.PUT, Resource.STAGING): (
        Grant(("s3:AbortMultipartUpload", "s3:PutObject"), on_objects=True),
    ),
    (Verb.READ, Resource.STAGING): (LIST, GET),
    (Verb.REMOVE, Resource.STAGING): (Grant(("s3:DeleteObject",), on_objects=True),),
    (Verb.READ, Resource.READ_PLANE): (LIST, GET),
    (Verb.WRITE, Resource.READ_PLANE): (
        Grant(("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"), on_objects=True),
    ),
    (Verb.READ, Resource.PKI_SECRET): (READ_SECRET,),
    (Verb.WRITE, Resource.PKI_SECRET): (Grant(("secretsmanager:PutSecretValue",)),),
    (Verb.INVALIDATE, Resource.CDN): (Grant(("cloudfront:CreateInvalidation",)),),
    **{(Verb.SIGN, key): (SIGN,) for key in (*KEYS, Resource.ROOT_KEY)},
}

IMAGE = re.compile(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")


def task_role(
    scope: Scope, account: Account, identity: Identity, rows: tuple[Right, ...], handles: Handles
) -> Text:
    """Make the role of a workload, with the rights that the rows give it and no other.

    Returns:
        Its ARN, known once it has its rights.
    """
    role = Role(
        scope.named(f"{identity}-role"),
        name=role_name(identity),
        description=f"{scope.name}: what the {identity} may do",
        assume_role_policy=_for_tasks(account),
        tags=scope.labels(f"{identity}-role"),
        opts=scope.options(),
    )
    statements = [one for row in of(identity, rows) for one in _statements(row, handles)]
    if not statements:
        return role.arn
    allowed = RolePolicy(
        scope.named(f"{identity}-rights"),
        role=role.id,
        policy=document(*statements),
        opts=scope.options(),
    )
    return once(role.arn, allowed)


def execution_role(
    scope: Scope,
    account: Account,
    identity: Identity,
    log_group_arn: Text,
    image_uri: str,
    secrets: Sequence[Text],
) -> Text:
    """Make the role that starts the containers: pull the image, write logs, inject secrets.

    Returns:
        Its ARN, known once it has its rights.
    """
    part = f"{identity}-start"
    role = Role(
        scope.named(f"{part}-role"),
        description=f"{scope.name}: starts the {identity}'s containers",
        assume_role_policy=_for_tasks(account),
        tags=scope.labels(f"{part}-role"),
        opts=scope.options(),
    )
    streams = joined(log_group_arn, ":*")
    statements = [
        Statement("WriteLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), (streams,)),
        *_pull(account, image_uri),
    ]
    if secrets:
        statements.append(Statement("InjectSecrets", READ_SECRET.actions[1:], secrets))
    allowed = RolePolicy(
        scope.named(f"{part}-rights"),
        role=role.id,
        policy=document(*statements),
        opts=scope.options(),
    )
    return once(role.arn, allowed)


def _statements(row: Right, handles: Handles) -> list[Statement]:
    targets = handles.get(str(row.resource), ())
    if not targets:
        return []
    return [
        Statement(_sid(row, index), grant.actions, [_target(one, grant) for one in targets])
        for index, grant in enumerate(GRANTS[row.verb, row.resource])
    ]


def _sid(row: Right, index: int) -> str:
    words = f"{row.verb}_{row.resource}".split("_")
    return "".join(word.capitalize() for word in words) + (str(index) if index else "")


def _target(arn: Text, grant: Grant) -> Text:
    return joined(arn, "/*") if grant.on_objects else arn


def _for_tasks(account: Account) -> pulumi.Output[str]:
    return trust(
        "ecs-tasks.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": account.id},
            "ArnLike": {"aws:SourceArn": account.arn("ecs", "*")},
        },
    )


def _pull(account: Account, image_uri: str) -> list[Statement]:
    found = IMAGE.match(image_uri)
    if found is None:
        return []
    owner, region, name = found.groups()
    repository = joined("arn:", account.partition, f":ecr:{region}:{owner}:repository/{name}")
    pulled = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    # This call knows no resource: it is the one wildcard in the stack.
    login = Statement("Login", ("ecr:GetAuthorizationToken",), ("*",))
    return [login, Statement("Pull", pulled, (repository,))]
