"""Makes CloudWatch watch what the components say, and tells a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudwatch import (
    EventRule,
    EventTarget,
    LogGroup,
    LogMetricFilter,
    LogMetricFilterMetricTransformationArgs,
    MetricAlarm,
)
from pulumi_aws.sns import Topic, TopicPolicy, TopicSubscription

from skillpkg_infra.alarms import HEALTH_FIELDS, HEALTH_LINE, Alarm, EventAlarm
from skillpkg_infra.providers.aws.parts.account import EDGE_REGION, Account
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.policies import Statement, Text, document
from skillpkg_infra.scope import Scope

ALARMS = {"Service": "cloudwatch.amazonaws.com"}
EVENTS = {"Service": "events.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class Topics:
    """An alarm tells a topic of its own region, and CloudFront's metrics live in one."""

    here: Topic
    edge: Topic


def topics(scope: Scope, account: Account, email: str | None) -> Topics:
    """Make the topics and subscribe the person."""
    return Topics(
        _topic(scope, account, "alarms", email, None),
        _topic(scope, account, "edge-alarms", email, EDGE_REGION),
    )


def metric_alarm(scope: Scope, alarm: Alarm, told: Topics) -> MetricAlarm:
    """Make one alarm; it tells when it starts and when it ends."""
    region = alarm.get("region")
    topic = told.edge if region == EDGE_REGION else told.here
    percentile = alarm["statistic"].startswith("p")
    return MetricAlarm(
        scope.named(alarm["name"]),
        alarm_description=alarm["description"],
        namespace=alarm["namespace"],
        metric_name=alarm["metric"],
        dimensions=dict(alarm["dimensions"]),
        statistic=None if percentile else alarm["statistic"],
        extended_statistic=alarm["statistic"] if percentile else None,
        comparison_operator=("GreaterThanThreshold" if alarm["above"] else "LessThanThreshold"),
        threshold=alarm["threshold"],
        period=alarm["period"],
        evaluation_periods=alarm["evaluations"],
        treat_missing_data="breaching" if alarm.get("missing_is_bad") else "notBreaching",
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        region=region,
        tags=scope.labels(alarm["name"]),
        opts=scope.options(),
    )


def event_alarm(scope: Scope, event: EventAlarm, told: Topics) -> None:
    """Tell of an administrative call; CloudTrail must record it."""
    pattern = pulumi.Output.json_dumps(
        {
            "source": [event["source"]],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventName": list(event["calls"]),
                "requestParameters": {"keyId": list(event["resources"])},
            },
        }
    )
    rule = EventRule(
        scope.named(event["name"]),
        description=event["description"],
        event_pattern=pattern,
        tags=scope.labels(event["name"]),
        opts=scope.options(),
    )
    EventTarget(
        scope.named(f"{event['name']}-target"),
        rule=rule.name,
        arn=told.here.arn,
        opts=scope.options(),
    )


def health_alarms(scope: Scope, logs: LogGroup, *, paused: bool) -> list[Alarm]:
    """Turn the worker's health lines into metrics, and say what is wrong with each."""
    namespace = f"skreg/{pulumi.get_stack()}/{scope.name}"
    for field in HEALTH_FIELDS:
        _metric(scope, logs, namespace, field)
    return [
        Alarm(
            name=field.replace("_", "-"),
            description=f"Worker: {text}.",
            namespace=namespace,
            metric=field,
            dimensions={},
            statistic="Maximum" if above else "Minimum",
            above=above,
            threshold=threshold,
            period=300,
            evaluations=3,
            # No line at all: the worker is gone.
            missing_is_bad=not paused,
        )
        for field, (text, above, threshold) in HEALTH_FIELDS.items()
    ]


def _metric(scope: Scope, logs: LogGroup, namespace: str, field: str) -> None:
    LogMetricFilter(
        scope.named(f"metric-{field.replace('_', '-')}"),
        log_group_name=logs.name,
        pattern=f'{{ $.event = "{HEALTH_LINE}" && $.{field} = * }}',
        metric_transformation=LogMetricFilterMetricTransformationArgs(
            namespace=namespace, name=field, value=f"$.{field}"
        ),
        opts=scope.options(),
    )


def _topic(
    scope: Scope, account: Account, part: str, email: str | None, region: str | None
) -> Topic:
    seals = _tellers(account, ("kms:Decrypt", "kms:GenerateDataKey*"), "*")
    key = data_key(scope, f"{part}-key", account, services=(), more=seals, region=region)
    topic = Topic(
        scope.named(part),
        kms_master_key_id=key.arn,
        region=region,
        tags=scope.labels(part),
        opts=scope.options(),
    )
    TopicPolicy(
        scope.named(f"{part}-policy"),
        arn=topic.arn,
        policy=document(*_tellers(account, ("sns:Publish",), topic.arn)),
        region=region,
        opts=scope.options(),
    )
    if email is not None:
        TopicSubscription(
            scope.named(f"{part}-email"),
            topic=topic.arn,
            protocol="email",
            endpoint=email,
            region=region,
            opts=scope.options(),
        )
    return topic


def _tellers(account: Account, actions: Sequence[str], target: Text) -> list[Statement]:
    """Let CloudWatch and EventBridge do this.

    EventBridge says of no account that it acts for when it tells a topic: bound to one, it would
    tell nothing, and nobody would hear that it does not.
    """
    ours = {"StringEquals": {"aws:SourceAccount": account.id}}
    return [
        Statement("AlarmsTell", actions, (target,), ALARMS, ours),
        Statement("EventsTell", actions, (target,), EVENTS),
    ]


def widgets(alarms: Sequence[Alarm], region: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the body of a dashboard that draws every watched metric."""
    drawn = [_widget(alarm, region) for alarm in alarms]
    return pulumi.Output.all(*drawn).apply(lambda found: json.dumps({"widgets": found}))


def _widget(alarm: Alarm, region: pulumi.Output[str]) -> pulumi.Output[dict[str, object]]:
    names, values = list(alarm["dimensions"]), list(alarm["dimensions"].values())
    return pulumi.Output.all(region, *values).apply(
        lambda found: {
            "type": "metric",
            "width": 8,
            "height": 6,
            "properties": {
                "title": alarm["description"],
                "region": alarm.get("region") or found[0],
                "stat": alarm["statistic"],
                "period": alarm["period"],
                "metrics": [
                    [
                        alarm["namespace"],
                        alarm["metric"],
                        *(part for pair in zip(names, found[1:], strict=True) for part in pair),
                    ]
                ],
                "annotations": {"horizontal": [{"value": alarm["threshold"]}]},
            },
        }
    )
