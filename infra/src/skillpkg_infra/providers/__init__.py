"""The clouds. A new one is a folder with the five files and one line in ``PROVIDERS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

import pulumi

from skillpkg_infra.choices import Cloud
from skillpkg_infra.components.compute import ComputeArgs, SkillpkgCompute
from skillpkg_infra.components.database import DatabaseArgs, SkillpkgDatabase
from skillpkg_infra.components.network import NetworkArgs, SkillpkgNetwork
from skillpkg_infra.components.pki import PkiArgs, SkillpkgPki
from skillpkg_infra.components.storage import SkillpkgStorage, StorageArgs

PROVIDERS: dict[Cloud, str] = {Cloud.AWS: "Aws"}
"""Cloud -> how its class names begin; its folder has the cloud's own name."""

Options = pulumi.ResourceOptions | None


class Connect(Protocol):
    """Makes the cloud's provider resource, for one region."""

    def __call__(
        self, name: str, region: str | None, tags: Mapping[str, str]
    ) -> pulumi.ProviderResource:
        """Register it."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """One cloud's five components and its connection."""

    connect: Connect
    network: Callable[[str, NetworkArgs, Options], SkillpkgNetwork]
    pki: Callable[[str, PkiArgs, Options], SkillpkgPki]
    storage: Callable[[str, StorageArgs, Options], SkillpkgStorage]
    database: Callable[[str, DatabaseArgs, Options], SkillpkgDatabase]
    compute: Callable[[str, ComputeArgs, Options], SkillpkgCompute]


def load(cloud: Cloud) -> Provider:
    """Import one cloud's components, and no other cloud's.

    Raises:
        LookupError: skreg has no components for this cloud.
    """
    prefix, folder = class_prefix(cloud), f"{__name__}.{cloud}"
    parts: dict[str, Any] = {
        name: getattr(import_module(f"{folder}.{name}"), f"{prefix}{name.capitalize()}")
        for name in COMPONENTS
    }
    return Provider(connect=cast("Connect", import_module(folder).connect), **parts)


def class_prefix(cloud: str) -> str:
    """Return how the names of a cloud's classes begin.

    Raises:
        LookupError: skreg has no components for this cloud.
    """
    found = next((prefix for known, prefix in PROVIDERS.items() if known == cloud), None)
    if found is None:
        raise LookupError(
            f"skreg has no components for cloud_provider={cloud} yet. It has: "
            f"{', '.join(PROVIDERS)}. Set skreg:cloud_provider to one of these."
        )
    return found


COMPONENTS = ("network", "pki", "storage", "database", "compute")
"""File names of a cloud's folder, in the order in which a stack is composed."""
