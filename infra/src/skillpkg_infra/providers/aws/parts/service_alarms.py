"""What is wrong with the two services."""

from __future__ import annotations

from pulumi_aws.ecs import Cluster, Service

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.providers.aws.parts.load_balancer import Balancer
from skillpkg_infra.providers.aws.parts.policies import Text


def errors(balancer: Balancer) -> Alarm:
    """Say that the api answers with its own errors; a rollout that does so goes back."""
    return _balancer_alarm(
        balancer,
        "api-errors",
        "Api: over ten answers in a minute are 5xx.",
        "HTTPCode_Target_5XX_Count",
        "Sum",
        10.0,
    )


def latency(balancer: Balancer) -> Alarm:
    """Say that the api is slow."""
    return _balancer_alarm(
        balancer,
        "api-latency",
        "Api: one answer in a hundred takes over a second.",
        "TargetResponseTime",
        "p99",
        1.0,
    )


def unhealthy(balancer: Balancer) -> Alarm:
    """Say that a process behind the load balancer is dead."""
    return _balancer_alarm(
        balancer,
        "api-unhealthy",
        "Api: a process does not answer /healthz.",
        "UnHealthyHostCount",
        "Maximum",
        0.0,
    )


def too_few(home: Cluster, made: Service, name: str, *, paused: bool) -> Alarm:
    """Say that no container of a service runs."""
    return Alarm(
        name=f"{name}-gone",
        description=f"No {name} container runs.",
        namespace="ECS/ContainerInsights",
        metric="RunningTaskCount",
        dimensions={"ClusterName": home.name, "ServiceName": made.name},
        statistic="Minimum",
        above=False,
        threshold=0.0 if paused else 1.0,
        period=60,
        evaluations=5,
        missing_is_bad=not paused,
    )


def _balancer_alarm(
    balancer: Balancer, name: str, text: str, metric: str, statistic: str, threshold: float
) -> Alarm:
    dimensions: dict[str, Text] = {"LoadBalancer": balancer.made.arn_suffix}
    if metric == "UnHealthyHostCount":
        dimensions["TargetGroup"] = balancer.targets.arn_suffix
    return Alarm(
        name=name,
        description=text,
        namespace="AWS/ApplicationELB",
        metric=metric,
        dimensions=dimensions,
        statistic=statistic,
        above=True,
        threshold=threshold,
        period=60,
        evaluations=3,
    )
