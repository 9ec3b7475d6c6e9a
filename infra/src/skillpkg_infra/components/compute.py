"""Compute: the api behind its edge, the worker without a door, and what watches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, Protocol, Required, TypedDict

import pulumi

from skillpkg_infra.alarms import Alarm, EventAlarm
from skillpkg_infra.choices import Deletion, Ingress, RootMode, Size, Visibility


class ComputeArgs(TypedDict):
    """Inputs of every cloud's compute."""

    vpc_id: Required[pulumi.Input[str]]
    subnet_ids: Required[Sequence[pulumi.Input[str]]]
    image_uri: Required[str]
    client_ids: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Identity -> what the network knows the workload by."""
    proxy_ranges: NotRequired[pulumi.Input[str]]
    api_environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    worker_environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    handles: NotRequired[Mapping[str, Sequence[pulumi.Input[str]]]]
    """``rights.Resource`` -> the cloud's own names of it; rights are bound to these."""
    root_mode: NotRequired[RootMode]
    size: NotRequired[Size]
    multi_az: NotRequired[bool]
    paused: NotRequired[bool]
    cache: NotRequired[bool]
    visibility: NotRequired[Visibility]
    ingress: NotRequired[Ingress]
    domain: NotRequired[str]
    zone_id: NotRequired[str]
    certificate_arn: NotRequired[str]
    origin_certificate_arn: NotRequired[str]
    allowed_ranges: NotRequired[Sequence[str]]
    repository: NotRequired[bool]
    """Make an image repository too."""
    log_bucket_name: NotRequired[pulumi.Input[str]]
    log_retention_days: NotRequired[int]
    alarms: NotRequired[Sequence[Alarm]]
    events: NotRequired[Sequence[EventAlarm]]
    alarm_email: NotRequired[str]
    monthly_budget_usd: NotRequired[int]
    deletion: NotRequired[Deletion]
    tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ComputeOutputs:
    """Where the api is, and the names an operator types."""

    service_url: pulumi.Input[str]
    worker_service_name: pulumi.Input[str]
    api_service_name: pulumi.Input[str] = ""
    cluster_name: pulumi.Input[str] = ""
    repository_url: pulumi.Input[str] | None = None
    dashboard_url: pulumi.Input[str] | None = None
    dns_records: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    api_environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    worker_environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class SkillpkgCompute(Protocol):
    """A cloud's compute."""

    @property
    def outputs(self) -> ComputeOutputs:
        """Return where the api is."""
        ...
