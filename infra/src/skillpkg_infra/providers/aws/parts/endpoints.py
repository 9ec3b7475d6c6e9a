"""Private endpoints to AWS's own services, each with a policy that shuts other accounts out."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.ec2 import RouteTable, SecurityGroup, Subnet, VpcEndpoint

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.policies import Statement, document
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope

INTERFACES = ("ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sts")
"""What containers call while they start and work; S3 has a gateway, which costs nothing."""


def interface_endpoints(
    scope: Scope,
    account: Account,
    vpc: pulumi.Input[str],
    subnets: Sequence[Subnet],
    group: SecurityGroup,
) -> None:
    """Make the interface endpoints in the containers' subnets."""
    policy = document(_own_account(account))
    for service in INTERFACES:
        part = f"endpoint-{service.replace('.', '-')}"
        VpcEndpoint(
            scope.named(part),
            vpc_id=vpc,
            service_name=_service(account, service),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            policy=policy,
            tags=scope.labels(part),
            opts=scope.options(),
        )


def s3_gateway(
    scope: Scope, account: Account, vpc: pulumi.Input[str], tables: Sequence[RouteTable]
) -> VpcEndpoint:
    """Make the gateway to S3: this account's buckets, and the layers of container images."""
    return VpcEndpoint(
        scope.named("endpoint-s3"),
        vpc_id=vpc,
        service_name=_service(account, "s3"),
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in tables],
        policy=document(_own_account(account), _image_layers(account)),
        tags=scope.labels("endpoint-s3"),
        opts=scope.options(),
    )


def _service(account: Account, service: str) -> pulumi.Output[str]:
    return joined("com.amazonaws.", account.region, ".", service)


def _own_account(account: Account) -> Statement:
    return Statement(
        "OwnAccount",
        ("*",),
        principals="*",
        conditions={"StringEquals": {"aws:PrincipalAccount": account.id}},
    )


def _image_layers(account: Account) -> Statement:
    bucket = joined(
        "arn:", account.partition, ":s3:::prod-", account.region, "-starport-layer-bucket/*"
    )
    return Statement("ImageLayers", ("s3:GetObject",), (bucket,), "*")
