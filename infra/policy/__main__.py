"""The policy pack: `pulumi preview --policy-pack infra/policy` runs the rules over a preview."""

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from skillpkg_infra.policy import RULES
from skillpkg_infra.policy.rule import Resource, Rule


def validation(rule: Rule) -> StackValidationPolicy:
    """Return one rule in the engine's form."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        seen = [Resource(one.resource_type, one.name, one.props) for one in args.resources]
        for finding in rule.findings(seen):
            report(str(finding), None)

    return StackValidationPolicy(rule.name, rule.description, validate)


PolicyPack(
    "skreg",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[validation(rule) for rule in RULES],
)
