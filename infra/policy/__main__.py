"""The policy pack: `pulumi preview --policy-pack infra/policy` runs the rules over a preview.

What AWS has still to answer is unknown in the preview of a new stack. The rules then judge the
rest, and the `pulumi up` with this pack judges all of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from skillpkg_infra.policy import RULES
from skillpkg_infra.policy.rule import Resource, Rule, Unknown


def validation(rule: Rule) -> StackValidationPolicy:
    """Return one rule in the engine's form."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        seen = [Resource(one.resource_type, one.name, plain(one.props)) for one in args.resources]
        for finding in rule.findings(seen):
            report(str(finding), None)

    return StackValidationPolicy(rule.name, rule.description, validate)


def plain(value: Any) -> Any:
    """Return plain dictionaries and lists; the engine's own refuse to be read where unknown."""
    if isinstance(value, Mapping):
        return {key: known(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [known(value, index) for index in range(len(value))]
    return value


def known(holder: Any, key: Any) -> Any:
    """Return one value of a holder, ``Unknown`` before it exists."""
    try:
        return plain(holder[key])
    except UnknownValueError:
        return Unknown("not known before it is made")


PolicyPack(
    "skreg",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[validation(rule) for rule in RULES],
)
