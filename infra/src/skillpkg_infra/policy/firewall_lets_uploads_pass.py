"""Body rules see 8 KB: whoever inspects bodies leaves the publish routes to the api's limits."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type

READS_BODIES = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:wafv2/webAcl:WebAcl"):
        for rule in one.inputs.get("rules", []):
            group = rule["statement"].get("managedRuleGroupStatement", {})
            if group.get("name") in READS_BODIES and not group.get("scopeDownStatement"):
                yield one, f"{group['name']} would refuse every publish over 8 KB"
        if not any("rateBasedStatement" in rule["statement"] for rule in one.inputs["rules"]):
            yield one, "limits no rate"


RULE = Rule("firewall-lets-uploads-pass", __doc__, _check, ("CKV2_AWS_47",))
