"""Stacks for tests: the smallest configuration, with whatever a test is about."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from skillpkg_infra.config import StackConfig
from skillpkg_infra.plan.rehearsal import Rehearsal, rehearse
from skillpkg_infra.providers.aws.answers import AwsAnswers
from skillpkg_infra.stack import SkillpkgStack

SMALLEST = {"cloud_provider": "aws", "image_uri": "ghcr.io/acme/skreg:1.0"}


def keys(**values: Any) -> dict[str, str]:
    """Return the stack file's keys as an engine hands them over."""
    chosen = {**SMALLEST, **values}
    return {
        f"skreg:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in chosen.items()
        if value is not None
    }


def stack(**values: Any) -> Rehearsal:
    """Rehearse a whole stack of this configuration, once for all tests that ask for it."""
    return _rehearsed(tuple(sorted(keys(**values).items())))


@cache
def _rehearsed(config: tuple[tuple[str, str], ...]) -> Rehearsal:
    return rehearse(
        lambda: SkillpkgStack(StackConfig.load(), quiet=True).run(),
        AwsAnswers(),
        config=dict(config),
    )
