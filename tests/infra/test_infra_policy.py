"""The rules over every inventory, and what each rule must refuse."""

from __future__ import annotations

import importlib
import inspect
import json
from typing import Any

import pytest
import yaml
from infra_plans import CLOUDS, PROFILES, ROOT
from infra_policy_cases import CASES

from skillpkg_infra.policy import RULES
from skillpkg_infra.policy.everything_is_tagged import UNTAGGED
from skillpkg_infra.policy.rule import Resource, Rule

FOLDER = ROOT / "tests/infra/inventories"


def inventory(cloud: str, profile: str) -> list[Resource]:
    entries: list[dict[str, Any]] = []
    for path in sorted((FOLDER / cloud).glob(f"*-{profile}.yaml")):
        if path.stem.partition("-")[2] == profile:
            entries += yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Resource(entry["type"], entry["name"], entry["inputs"]) for entry in entries]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_stack_keeps_to_the_rule(cloud: str, profile: str, rule: Rule) -> None:
    resources = inventory(cloud, profile)
    assert resources
    assert not rule.findings(resources)


@pytest.mark.parametrize(
    ("name", "resource", "why"),
    [(name, *case) for name, cases in CASES.items() for case in cases],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_refuses(name: str, resource: Resource, why: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    findings = rule.findings([resource])
    assert any(why in finding.why for finding in findings), findings
    assert str(findings[0]).endswith(f"({name})")


def test_every_rule_has_a_case_and_says_what_it_is_about() -> None:
    assert {rule.name for rule in RULES} == set(CASES)
    assert all(rule.description and len(rule.description) > 30 for rule in RULES)


def test_the_same_rule_reads_an_engines_json_text() -> None:
    statement = {"Sid": "S", "Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}
    text = json.dumps({"Statement": [statement]})
    resource = Resource("aws:iam/rolePolicy:RolePolicy", "x-api-rights", {"policy": text})
    rule = next(rule for rule in RULES if rule.name == "identities-have-no-wildcards")
    assert len(rule.findings([resource])) == 2


@pytest.mark.parametrize("profile", PROFILES)
def test_what_has_no_tags_cannot_have_them(profile: str) -> None:
    for one in inventory("aws", profile):
        package, _, kind = one.type.rpartition(":")
        if package.startswith("aws:"):
            _, _, path = package.partition(":")
            folder, _, file = path.partition("/")
            snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in file)
            made = getattr(importlib.import_module(f"pulumi_aws.{folder}.{snake}"), kind)
            takes_tags = "tags" in inspect.signature(made._internal_init).parameters
            assert takes_tags == (kind not in UNTAGGED or one.type == BOTH), one.type


BOTH = "aws:iam/policy:Policy"
"""A kind whose name is also that of an autoscaling policy."""
