"""The rules that every stack keeps to, one a file; ``RULES`` finds them by their files."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from skillpkg_infra.policy.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    import_module(f"{__name__}.{found.name}").RULE
    for found in iter_modules(__path__)
    if found.name != "rule"
)
"""Every rule, in the order of the files' names."""
