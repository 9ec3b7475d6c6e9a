"""The database: PostgreSQL 16 or later, private, encrypted, TLS only, restorable in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, Protocol, Required, TypedDict

import pulumi

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.choices import Deletion, Size
from skillpkg_infra.rights import Resource


class DatabaseArgs(TypedDict):
    """Inputs of every cloud's database."""

    vpc_id: Required[pulumi.Input[str]]
    subnet_ids: Required[Sequence[pulumi.Input[str]]]
    client_ids: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Who may connect, as the network names them; nobody when omitted."""
    size: NotRequired[Size]
    multi_az: NotRequired[bool]
    """A standby in another zone; default true."""
    backup_days: NotRequired[int]
    """How far back a restore can go, 7 to 35."""
    restore_snapshot: NotRequired[str]
    """Start from this snapshot instead of empty."""
    recovery_region: NotRequired[str]
    """Copy the backups to this region too."""
    log_retention_days: NotRequired[int]
    deletion: NotRequired[Deletion]
    tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DatabaseOutputs:
    """Connection facts; the password is in the secret alone, and rotates there."""

    connection_secret_name: pulumi.Input[str]
    host: pulumi.Input[str]
    port: int = 5432
    database_name: str = "skillpkg"
    url: pulumi.Input[str] = ""
    """``postgresql://user@host:5432/skillpkg?sslmode=…``: the password is in the secret."""
    secret_uri: pulumi.Input[str] = ""
    """Where a process reads the password, or ``{"password"}``, at each new connection."""
    instance_id: pulumi.Input[str] = ""
    handles: Mapping[Resource, Sequence[pulumi.Input[str]]] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()


class SkillpkgDatabase(Protocol):
    """A cloud's database."""

    @property
    def outputs(self) -> DatabaseOutputs:
        """Return the connection facts."""
        ...
