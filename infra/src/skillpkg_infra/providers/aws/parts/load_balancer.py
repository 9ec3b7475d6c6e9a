"""The private load balancer before the api; no address of it is reachable from the internet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.ec2 import SecurityGroup, get_managed_prefix_list_output
from pulumi_aws.lb import (
    Listener,
    ListenerDefaultActionArgs,
    LoadBalancer,
    LoadBalancerAccessLogsArgs,
    TargetGroup,
    TargetGroupHealthCheckArgs,
)

from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.security_groups import let_in, let_out, security_group
from skillpkg_infra.providers.aws.parts.tasks import PORT
from skillpkg_infra.providers.aws.parts.text import listed
from skillpkg_infra.scope import Scope

CLOUDFRONT = "com.amazonaws.global.cloudfront.origin-facing"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, slots=True)
class BalancerPlan:
    """Where it stands and who reaches it."""

    vpc_id: Text
    subnet_ids: Sequence[Text]
    certificate_arn: Text | None
    """In the stack's region; without one the edge speaks HTTP to it over the private path."""
    edge: bool
    """Reached by CloudFront alone; otherwise by ``ranges``."""
    ranges: Sequence[str]
    log_bucket: Text | None

    @property
    def port(self) -> int:
        """The listener's port."""
        return 443 if self.certificate_arn is not None else 80


@dataclass(frozen=True, slots=True)
class Balancer:
    """What was made."""

    made: LoadBalancer
    targets: TargetGroup
    listener: Listener


def load_balancer(scope: Scope, plan: BalancerPlan, api_group: Text) -> Balancer:
    """Make the load balancer, its listener and its targets."""
    group = _group(scope, plan, api_group)
    made = LoadBalancer(
        scope.named("balancer"),
        internal=True,
        load_balancer_type="application",
        subnets=listed(plan.subnet_ids),
        security_groups=[group.id],
        drop_invalid_header_fields=True,
        desync_mitigation_mode="defensive",
        enable_deletion_protection=scope.standing,
        # Behind the edge the forwarded address is CloudFront's word for the client.
        xff_header_processing_mode="preserve" if plan.edge else "append",
        idle_timeout=60,
        access_logs=_access_logs(plan.log_bucket),
        tags=scope.labels("balancer"),
        opts=scope.options(),
    )
    targets = _targets(scope, plan)
    return Balancer(made, targets, _listener(scope, plan, made, targets))


def _access_logs(bucket: Text | None) -> LoadBalancerAccessLogsArgs | None:
    if bucket is None:
        return None
    return LoadBalancerAccessLogsArgs(bucket=bucket, prefix="alb", enabled=True)


def _targets(scope: Scope, plan: BalancerPlan) -> TargetGroup:
    return TargetGroup(
        scope.named("targets"),
        vpc_id=plan.vpc_id,
        target_type="ip",
        protocol="HTTP",
        port=PORT,
        deregistration_delay=30,
        load_balancing_algorithm_type="least_outstanding_requests",
        # The process alone: a database outage must not take every target away at once.
        health_check=TargetGroupHealthCheckArgs(
            path="/healthz", matcher="200", interval=10, timeout=5, healthy_threshold=2
        ),
        tags=scope.labels("targets"),
        opts=scope.options(),
    )


def _listener(
    scope: Scope, plan: BalancerPlan, balancer: LoadBalancer, targets: TargetGroup
) -> Listener:
    secure = plan.certificate_arn is not None
    return Listener(
        scope.named("listener"),
        load_balancer_arn=balancer.arn,
        port=plan.port,
        protocol="HTTPS" if secure else "HTTP",
        ssl_policy=TLS_POLICY if secure else None,
        certificate_arn=plan.certificate_arn,
        default_actions=[ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)],
        tags=scope.labels("listener"),
        opts=scope.options(),
    )


def _group(scope: Scope, plan: BalancerPlan, api_group: Text) -> SecurityGroup:
    group = security_group(scope, "balancer-access", plan.vpc_id, f"{scope.name}: load balancer")
    if plan.edge:
        edges = get_managed_prefix_list_output(
            name=CLOUDFRONT, opts=pulumi.InvokeOptions(parent=scope.owner)
        )
        text = "CloudFront's VPC origin"
        let_in(scope, "balancer-from-edge", group.id, plan.port, text, prefix_list=edges.id)
    else:
        for index, one in enumerate(plan.ranges):
            part = f"balancer-from-range-{index}"
            let_in(scope, part, group.id, plan.port, f"clients in {one}", cidr=one)
    let_out(scope, "balancer-to-api", group.id, PORT, "the api", target=api_group)
    let_in(scope, "api-from-balancer", api_group, PORT, "the load balancer", source=group.id)
    return group
