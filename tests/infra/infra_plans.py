"""The stack files of every cloud, each rehearsed once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from skillpkg_infra.plan.run import Plan, plan_stack

ROOT = Path(__file__).resolve().parents[2]
CLOUDS = ("aws",)
PROFILES = ("dev", "prod", "byo-network")


@cache
def planned(cloud: str, profile: str) -> Plan:
    return plan_stack(ROOT / "stacks", cloud, profile)
