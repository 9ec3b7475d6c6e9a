"""Alarms as data: a component says what is wrong with it, compute makes the cloud watch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class Alarm(TypedDict):
    """A threshold on a metric. ``period`` is in seconds; ``above`` false means "below"."""

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    above: bool
    threshold: float
    period: int
    evaluations: int
    missing_is_bad: NotRequired[bool]
    region: NotRequired[str]
    rolls_back: NotRequired[bool]


class EventAlarm(TypedDict):
    """An administrative call that a person must hear of at once."""

    name: str
    description: str
    source: str
    calls: Sequence[str]
    resources: Sequence[pulumi.Input[str]]


HEALTH_LINE = "health"
"""``event`` of the JSON line that the worker logs every minute; see ``HEALTH_FIELDS``."""

HEALTH_FIELDS = {
    "queue_age_seconds": ("oldest job waits too long", True, 900.0),
    "certificate_days_left": ("a signing certificate is close to its end", False, 14.0),
    "crl_hours_left": ("a revocation list is close to its end", False, 48.0),
    "timestamp_hours_left": ("the signed timestamp is close to its end", False, 24.0),
}
"""Field -> (what it means when it fires, above, threshold)."""
