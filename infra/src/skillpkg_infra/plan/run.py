"""Rehearses one stack file with the stand-in of its cloud."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from skillpkg_infra.config import StackConfig
from skillpkg_infra.errors import ConfigurationInvalid, Mistake
from skillpkg_infra.plan.registered import Registered
from skillpkg_infra.plan.rehearsal import Answers, Rehearsal, rehearse
from skillpkg_infra.plan.stack_file import read_stack_file
from skillpkg_infra.providers import class_prefix
from skillpkg_infra.stack import SkillpkgStack
from skillpkg_infra.warnings import warnings_of


class Shown(Protocol):
    """A cloud's own words about its resources; each is a name and what is to be known of it."""

    def sizes(self, resources: Sequence[Registered]) -> Iterator[tuple[str, str]]:
        """Yield what the bill follows."""
        ...

    def doors(self, resources: Sequence[Registered]) -> Iterator[tuple[str, str]]:
        """Yield every way in, and every way out to the internet."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A stack as it would be made."""

    config: StackConfig
    rehearsal: Rehearsal
    warnings: list[str]


def plan_stack(folder: Path, cloud: str, stack: str, answers: Answers | None = None) -> Plan:
    """Rehearse ``Pulumi.<cloud>-<stack>.yaml``.

    Raises:
        LookupError: skreg has no components for this cloud.
        FileNotFoundError: there is no such file.
        ConfigurationInvalid: it has mistakes, or is another cloud's; all of them are named.
    """
    configs: list[StackConfig] = []

    def program() -> None:
        configs.append(_of(cloud, StackConfig.load()))
        SkillpkgStack(configs[0], quiet=True).run()

    rehearsal = rehearse(
        program,
        answers or stand_in(cloud),
        stack=f"{cloud}-{stack}",
        config=read_stack_file(folder, cloud, stack),
    )
    return Plan(configs[0], rehearsal, warnings_of(configs[0]))


def _of(cloud: str, config: StackConfig) -> StackConfig:
    if config.cloud_provider != cloud:
        found = f"{config.cloud_provider} in a plan for {cloud}"
        raise ConfigurationInvalid([Mistake(("cloud_provider",), found, cloud)])
    return config


def stand_in(cloud: str) -> Answers:
    """Return what answers in the cloud's place; its class is ``answers.<Cloud>Answers``.

    Raises:
        LookupError: skreg has no components for this cloud.
    """
    name = class_prefix(cloud)
    module = import_module(f"skillpkg_infra.providers.{cloud}.answers")
    return cast("Answers", getattr(module, f"{name}Answers")())


def shown(plan: Plan) -> Shown:
    """Return what says which resources of the plan's cloud cost, and which are doors."""
    module = import_module(f"skillpkg_infra.providers.{plan.config.cloud_provider}.shown")
    return cast("Shown", module)
