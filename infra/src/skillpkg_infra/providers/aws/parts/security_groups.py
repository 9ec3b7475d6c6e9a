"""Security groups without inline rules: each rule is a resource that says what it is for."""

from __future__ import annotations

import pulumi
from pulumi_aws.ec2 import SecurityGroup
from pulumi_aws.vpc import SecurityGroupEgressRule, SecurityGroupIngressRule

from skillpkg_infra.scope import Scope

ANYWHERE = "0.0.0.0/0"
HTTPS = 443


def security_group(
    scope: Scope, part: str, vpc_id: pulumi.Input[str], description: str, *, carries: bool = False
) -> SecurityGroup:
    """Make a group that lets nothing in or out; ``carries``: what holds data is in it."""
    return SecurityGroup(
        scope.named(part),
        description=description,
        vpc_id=vpc_id,
        revoke_rules_on_delete=True,
        tags=scope.labels(part),
        opts=scope.options(carries=carries),
    )


def let_in(
    scope: Scope,
    part: str,
    group: pulumi.Input[str],
    port: int,
    description: str,
    *,
    source: pulumi.Input[str] | None = None,
    prefix_list: pulumi.Input[str] | None = None,
    cidr: str | None = None,
) -> None:
    """Let TCP to one port in, from a group, a prefix list or a network."""
    SecurityGroupIngressRule(
        scope.named(part),
        security_group_id=group,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        referenced_security_group_id=source,
        prefix_list_id=prefix_list,
        cidr_ipv4=cidr,
        tags=scope.labels(part),
        opts=scope.options(),
    )


def let_out(
    scope: Scope,
    part: str,
    group: pulumi.Input[str],
    port: int,
    description: str,
    *,
    target: pulumi.Input[str] | None = None,
    prefix_list: pulumi.Input[str] | None = None,
    cidr: str | None = None,
) -> None:
    """Let TCP to one port out, to a group, a prefix list or a network."""
    SecurityGroupEgressRule(
        scope.named(part),
        security_group_id=group,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        referenced_security_group_id=target,
        prefix_list_id=prefix_list,
        cidr_ipv4=cidr,
        tags=scope.labels(part),
        opts=scope.options(),
    )
