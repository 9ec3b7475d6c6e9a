"""Every alarm tells a topic, and every topic is encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:cloudwatch/metricAlarm:MetricAlarm"):
        if not one.inputs.get("alarmActions"):
            yield one, "tells nobody"
    for one in of_type(resources, "aws:sns/topic:Topic"):
        if not one.inputs.get("kmsMasterKeyId"):
            yield one, "is not encrypted"


RULE = Rule("alarms-reach-someone", __doc__, _check, ("CKV_AWS_26", "CKV_AWS_319"))
