"""Every alarm tells a topic, and every topic is encrypted with a key that its tellers may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, statements

EVENTS = "events.amazonaws.com"


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:cloudwatch/metricAlarm:MetricAlarm"):
        if not one.inputs.get("alarmActions"):
            yield one, "tells nobody"
    for one in of_type(resources, "aws:sns/topic:Topic"):
        if not one.inputs.get("kmsMasterKeyId"):
            yield one, "is not encrypted"
    yield from _silent(resources)


def _silent(resources: Sequence[Resource]) -> Found:
    """Yield policies with a condition that EventBridge never meets: it tells nobody, silently."""
    for one in of_type(resources, "aws:sns/topicPolicy:TopicPolicy", "aws:kms/key:Key"):
        for statement in statements(one) if "policy" in one.inputs else ():
            if EVENTS in _services(statement) and statement.get("Condition"):
                yield one, f"{statement['Sid']} has a condition that EventBridge cannot meet"


def _services(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    named = principal.get("Service", ()) if isinstance(principal, dict) else ()
    return [named] if isinstance(named, str) else list(named)


RULE = Rule("alarms-reach-someone", __doc__, _check, ("CKV_AWS_26", "CKV_AWS_319"))
