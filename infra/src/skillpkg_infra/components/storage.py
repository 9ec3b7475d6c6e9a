"""Storage: the read plane with its CDN, and the staging area of uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, Protocol, TypedDict

import pulumi

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.choices import Deletion, Visibility
from skillpkg_infra.rights import Resource


class StorageArgs(TypedDict):
    """Inputs of every cloud's storage; all have defaults."""

    visibility: NotRequired[Visibility]
    """``private``: no CDN and no public route at all."""
    domain: NotRequired[str]
    """The stack's own domain; the CDN takes ``cdn.`` before it."""
    zone_id: NotRequired[str]
    """The DNS zone of the domain: certificate and records are made in it."""
    certificate_arn: NotRequired[str]
    """A certificate that covers ``cdn.<domain>``, instead of a zone."""
    allowed_ranges: NotRequired[Sequence[str]]
    """Who may read; everyone when omitted."""
    staging_days: NotRequired[int]
    """Days an upload waits before it is removed."""
    recovery_region: NotRequired[str]
    """Copy the read plane to this region too."""
    log_retention_days: NotRequired[int]
    deletion: NotRequired[Deletion]
    tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StorageOutputs:
    """The two stores and the address of the static read plane."""

    bucket_name: pulumi.Input[str]
    cdn_base_url: pulumi.Input[str] | None
    """``https://…`` without a trailing slash; ``None`` when the registry is private."""
    service_account_secret_name: pulumi.Input[str]
    """Names a secret that holds the stores' endpoint facts as JSON, and no credential."""
    staging_bucket_name: pulumi.Input[str] = ""
    log_bucket_name: pulumi.Input[str] = ""
    storage_url: pulumi.Input[str] = ""
    staging_url: pulumi.Input[str] = ""
    redirect_hosts: pulumi.Input[str] | None = None
    """Hosts of presigned URLs, when reads are redirected to them."""
    invalidation_uri: pulumi.Input[str] | None = None
    dns_records: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Name -> target, where you keep the zone yourself."""
    handles: Mapping[Resource, Sequence[pulumi.Input[str]]] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()


class SkillpkgStorage(Protocol):
    """A cloud's storage and CDN."""

    @property
    def outputs(self) -> StorageOutputs:
        """Return where objects are kept and read."""
        ...
