"""The cluster and its two services: health-checked rollouts that go back by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.appautoscaling import Policy, Target
from pulumi_aws.appautoscaling import _inputs as scaling
from pulumi_aws.ecs import Cluster, Service, TaskDefinition
from pulumi_aws.ecs import _inputs as ecs

from skillpkg_infra.providers.aws.parts.load_balancer import Balancer
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.tasks import PORT
from skillpkg_infra.providers.aws.parts.text import joined, listed
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope

SPARE_CPU = 60.0
"""Percent of CPU that autoscaling aims at."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service of the cluster."""

    identity: Identity
    subnet_ids: Sequence[Text]
    group: Text
    least: int
    most: int
    rollback_alarms: Sequence[Text] = ()
    balancer: Balancer | None = None
    after: Sequence[pulumi.Resource] = ()


def cluster(scope: Scope) -> Cluster:
    """Make the cluster; nobody can open a shell in its containers."""
    return Cluster(
        scope.named("cluster"),
        settings=[ecs.ClusterSettingArgs(name="containerInsights", value="enhanced")],
        tags=scope.labels("cluster"),
        opts=scope.options(),
    )


def service(scope: Scope, home: Cluster, task: TaskDefinition, plan: ServicePlan) -> Service:
    """Make the service; `pulumi up` waits until it is steady, and fails when it went back."""
    made = Service(
        scope.named(str(plan.identity)),
        cluster=home.arn,
        task_definition=task.arn,
        desired_count=plan.least,
        launch_type="FARGATE",
        platform_version="LATEST",
        network_configuration=ecs.ServiceNetworkConfigurationArgs(
            subnets=listed(plan.subnet_ids), security_groups=[plan.group], assign_public_ip=False
        ),
        load_balancers=_targets(plan),
        health_check_grace_period_seconds=120 if plan.balancer else None,
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        deployment_circuit_breaker=ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=True, rollback=True
        ),
        alarms=_alarms(plan),
        availability_zone_rebalancing="ENABLED",
        enable_execute_command=False,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        wait_for_steady_state=True,
        sigint_rollback=True,
        tags=scope.labels(str(plan.identity)),
        # Autoscaling moves the count; only a pause sets it.
        opts=scope.options(after=plan.after, ignore=["desiredCount"] if plan.most else []),
    )
    _scaling(scope, home, made, plan)
    return made


def _targets(plan: ServicePlan) -> list[ecs.ServiceLoadBalancerArgs] | None:
    if plan.balancer is None:
        return None
    return [
        ecs.ServiceLoadBalancerArgs(
            container_name=str(plan.identity),
            container_port=PORT,
            target_group_arn=plan.balancer.targets.arn,
        )
    ]


def _alarms(plan: ServicePlan) -> ecs.ServiceAlarmsArgs | None:
    if not plan.rollback_alarms:
        return None
    return ecs.ServiceAlarmsArgs(alarm_names=list(plan.rollback_alarms), enable=True, rollback=True)


def _scaling(scope: Scope, home: Cluster, made: Service, plan: ServicePlan) -> None:
    target = Target(
        scope.named(f"{plan.identity}-scaling"),
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=joined("service/", home.name, "/", made.name),
        min_capacity=plan.least,
        max_capacity=plan.most,
        tags=scope.labels(f"{plan.identity}-scaling"),
        opts=scope.options(),
    )
    Policy(
        scope.named(f"{plan.identity}-cpu"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=(
            scaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=SPARE_CPU,
                scale_in_cooldown=300,
                scale_out_cooldown=30,
                predefined_metric_specification=scaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type="ECSServiceAverageCPUUtilization"
                ),
            )
        ),
        opts=scope.options(),
    )
