"""The network: three tiers of subnets over two or more zones, created or brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, Protocol, TypedDict

import pulumi

from skillpkg_infra.choices import Deletion, Nat, WorkerEgress


class NetworkArgs(TypedDict):
    """Inputs of every cloud's network; all have defaults."""

    vpc_id: NotRequired[str]
    """Bring your own: nothing is created but the workloads' security groups."""
    private_subnet_ids: NotRequired[Sequence[str]]
    """Bring your own: where the containers run, in two or more zones."""
    data_subnet_ids: NotRequired[Sequence[str]]
    """Bring your own: where the database runs; the private subnets when omitted."""
    cidr: NotRequired[str]
    """Create: the address range, /16 to /22."""
    zones: NotRequired[int]
    """Create: how many availability zones, 2 or 3."""
    nat: NotRequired[Nat]
    endpoints: NotRequired[bool]
    """Create: private endpoints to the cloud's own services."""
    block_public_access: NotRequired[bool]
    """Refuse internet gateways' inbound traffic in the whole account and region."""
    worker_egress: NotRequired[WorkerEgress]
    log_retention_days: NotRequired[int]
    deletion: NotRequired[Deletion]
    tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class NetworkOutputs:
    """Where the other components are placed."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    data_subnet_ids: Sequence[pulumi.Input[str]] = ()
    client_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Identity -> what the firewall knows it by (a security group, a tag, a subnet)."""
    proxy_ranges: pulumi.Input[str] = ""
    """Comma-separated networks of the load balancer, believed for forwarded addresses."""
    egress_ips: Sequence[pulumi.Input[str]] = ()


class SkillpkgNetwork(Protocol):
    """A cloud's network."""

    @property
    def outputs(self) -> NetworkOutputs:
        """Return what the other components need."""
        ...
