"""Rehearses one stack file with the stand-in of its cloud."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from skillpkg_infra.config import StackConfig
from skillpkg_infra.plan.rehearsal import Answers, Rehearsal, rehearse
from skillpkg_infra.plan.stack_file import read_stack_file
from skillpkg_infra.stack import SkillpkgStack
from skillpkg_infra.warnings import warnings_of


@dataclass(frozen=True, slots=True)
class Plan:
    """A stack as it would be made."""

    config: StackConfig
    rehearsal: Rehearsal
    warnings: list[str]


def plan_stack(folder: Path, cloud: str, stack: str, answers: Answers | None = None) -> Plan:
    """Rehearse ``Pulumi.<cloud>-<stack>.yaml``.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigurationInvalid: it has mistakes; all of them are named.
    """
    configs: list[StackConfig] = []

    def program() -> None:
        configs.append(StackConfig.load())
        SkillpkgStack(configs[0], quiet=True).run()

    rehearsal = rehearse(
        program,
        answers or stand_in(cloud),
        stack=stack,
        config=read_stack_file(folder, cloud, stack),
    )
    return Plan(configs[0], rehearsal, warnings_of(configs[0]))


def stand_in(cloud: str) -> Answers:
    """Return what answers in the cloud's place; its class is ``answers.<Cloud>Answers``."""
    module = import_module(f"skillpkg_infra.providers.{cloud}.answers")
    return cast("Answers", getattr(module, f"{cloud.capitalize()}Answers")())
