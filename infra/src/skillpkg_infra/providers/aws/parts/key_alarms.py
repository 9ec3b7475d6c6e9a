"""What must never happen to a signing key without a person hearing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws.kms import Key

from skillpkg_infra.alarms import Alarm, EventAlarm

DANGEROUS_CALLS = (
    "CreateGrant",
    "DisableKey",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "UpdatePrimaryRegion",
)
SIGNATURES_PER_FIVE_MINUTES = {"signing": 2000, "log": 1000}
"""More than publishing can cause; a certificate authority signs a few times a day."""
CA_SIGNATURES = 100


def events(name: str, keys: Sequence[Key]) -> list[EventAlarm]:
    """Say which administrative calls on these keys are alarms."""
    return [
        EventAlarm(
            name=f"{name}-key-changed",
            description="A signing key was disabled, scheduled for deletion or opened to others.",
            source="aws.kms",
            calls=DANGEROUS_CALLS,
            resources=[resource for key in keys for resource in (key.arn, key.key_id)],
        )
    ]


def alarms(name: str, newest: Mapping[str, Key]) -> list[Alarm]:
    """Say how many signatures are too many."""
    return [_rate(name, role, key.arn) for role, key in newest.items()]


def _rate(name: str, role: str, arn: pulumi.Input[str]) -> Alarm:
    return Alarm(
        name=f"{name}-{role.replace('_', '-')}-rate",
        description=f"The {role} key signs more often than publishing explains.",
        namespace="AWS/KMS",
        metric="SuccessfulRequest",
        dimensions={"KeyArn": arn, "Operation": "Sign"},
        statistic="Sum",
        above=True,
        threshold=float(SIGNATURES_PER_FIVE_MINUTES.get(role, CA_SIGNATURES)),
        period=300,
        evaluations=1,
    )
