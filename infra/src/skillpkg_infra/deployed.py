"""What a stack is made of, for whoever composes it and whoever reads its outputs."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg_infra.components.compute import SkillpkgCompute
from skillpkg_infra.components.database import SkillpkgDatabase
from skillpkg_infra.components.network import SkillpkgNetwork
from skillpkg_infra.components.pki import SkillpkgPki
from skillpkg_infra.components.storage import SkillpkgStorage


@dataclass(frozen=True, slots=True)
class Deployed:
    """The five components of a stack."""

    network: SkillpkgNetwork
    pki: SkillpkgPki
    storage: SkillpkgStorage
    database: SkillpkgDatabase
    compute: SkillpkgCompute
