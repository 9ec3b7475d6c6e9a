"""The keys: four of every stack in an HSM, a fifth while the root is managed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, Protocol, TypedDict

import pulumi

from skillpkg_infra.alarms import Alarm, EventAlarm
from skillpkg_infra.choices import Deletion, HsmBackend, RootMode
from skillpkg_infra.rights import Resource


class PkiArgs(TypedDict):
    """Inputs of every cloud's keys; all have defaults."""

    hsm_backend: NotRequired[HsmBackend]
    root_mode: NotRequired[RootMode]
    generations: NotRequired[Mapping[str, int]]
    """Key -> how many times it was made; raise one to rotate. Older keys stay, unused."""
    recovery_region: NotRequired[str]
    """Make keys that can live in this region too; decided when a key is made."""
    audit_trail: NotRequired[bool]
    """Record administrative calls, which the alarms on keys need; default true."""
    log_retention_days: NotRequired[int]
    deletion: NotRequired[Deletion]
    tags: NotRequired[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PkiOutputs:
    """The keys by reference, and where their certificates are kept."""

    hsm_key_id: pulumi.Input[str]
    intermediate_ca_cert_secret_name: pulumi.Input[str]
    crl_bucket_path: str = "crl/"
    """Relative to the read plane."""
    hsm_backend: HsmBackend = HsmBackend.HSM
    root_mode: RootMode = RootMode.MANAGED
    key_uris: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Environment variable -> the pinned key."""
    former_key_uris: Sequence[pulumi.Input[str]] = ()
    """Replaced keys that still sign: a CA's for its revocation list, the log's until clients
    know the next."""
    secret_uri: pulumi.Input[str] = ""
    root_fingerprint: pulumi.Input[str] | None = None
    """``sha256:<64 hex>`` of a managed root's public key."""
    handles: Mapping[Resource, Sequence[pulumi.Input[str]]] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()
    events: Sequence[EventAlarm] = ()


class SkillpkgPki(Protocol):
    """A cloud's keys."""

    @property
    def outputs(self) -> PkiOutputs:
        """Return the keys by reference."""
        ...
