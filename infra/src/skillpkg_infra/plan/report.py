"""A plan that a person decides from: resources, sizes, doors, rights, environments, warnings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from skillpkg_infra.plan.registered import Registered, readable, revealed
from skillpkg_infra.plan.run import Plan, shown
from skillpkg_infra.providers import COMPONENTS
from skillpkg_infra.rights import Identity, of, rights


def lines(plan: Plan) -> Iterator[str]:
    """Yield the report's lines."""
    yield from _configuration(plan)
    yield from _tree(plan)
    yield from _sizes(plan)
    yield from _doors(plan)
    yield from _identities(plan)
    yield from _containers(plan)
    yield from _outputs(plan)
    yield from _warnings(plan)


def components(plan: Plan) -> dict[str, list[Registered]]:
    """Return each component's resources, by the component's name, in the stack's order."""
    resources = plan.rehearsal.resources
    names = {one.urn: one.name for one in resources if not one.custom}
    grouped: dict[str, list[Registered]] = {
        name: [] for name in COMPONENTS if name in names.values()
    }
    for one in resources:
        if one.parent in names:
            grouped[names[one.parent]].append(one)
    return grouped


def containers(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return each container's definition, by its name."""
    found: dict[str, dict[str, Any]] = {}
    for one in plan.rehearsal.resources:
        if one.kind == "TaskDefinition":
            for container in json.loads(revealed(one.inputs["containerDefinitions"])):
                found[container["name"]] = container
    return found


def _configuration(plan: Plan) -> Iterator[str]:
    yield "CONFIGURATION  (what differs from the defaults)"
    for key, value in plan.config.model_dump(mode="json", exclude_defaults=True).items():
        yield f"  {key}: {value if isinstance(value, str) else json.dumps(value)}"


def _tree(plan: Plan) -> Iterator[str]:
    yield ""
    grouped = components(plan)
    total = sum(len(resources) for resources in grouped.values())
    yield f"RESOURCES  {total} in {len(grouped)} components"
    for name, resources in grouped.items():
        kept = sum(one.protect or one.retain for one in resources)
        note = f", {kept} kept from deletion" if kept else ""
        yield f"  {name}  ({len(resources)}{note})"
        for kind, count in sorted(Counter(one.kind for one in resources).items()):
            members = sorted(one.name for one in resources if one.kind == kind)
            yield f"    {count:>3} {kind}: {', '.join(members)}"


def _sizes(plan: Plan) -> Iterator[str]:
    yield ""
    yield "SIZES  (what the bill follows)"
    yield from _aligned(shown(plan).sizes(plan.rehearsal.resources))


def _doors(plan: Plan) -> Iterator[str]:
    yield ""
    yield "DOORS  (what is not here is closed)"
    yield from _aligned(shown(plan).doors(plan.rehearsal.resources))


def _aligned(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = list(found)
    width = max((len(name) for name, _ in rows), default=0)
    return (f"  {name:<{width}}  {text}" for name, text in rows)


def _identities(plan: Plan) -> Iterator[str]:
    cdn = any(one.kind == "Distribution" for one in components(plan).get("storage", ()))
    rows = rights(plan.config.root_mode, cdn=cdn)
    yield ""
    yield "IDENTITIES"
    for identity in Identity:
        yield f"  {identity}"
        for row in of(identity, rows):
            yield f"    may {row.verb} {row.resource}"
    yield "  rights of every role, as its policy says, on these resources"
    for one in plan.rehearsal.resources:
        if one.kind == "RolePolicy":
            yield f"    {one.name}"
            yield from _statements(plan, one)


def _statements(plan: Plan, policy: Registered) -> Iterator[str]:
    arns = {str(one.answered["arn"]): one.name for one in plan.rehearsal.resources if one.custom}
    for statement in json.loads(policy.inputs["policy"])["Statement"]:
        yield f"      {', '.join(statement['Action'])}"
        yield from (f"        on {_named(target, arns)}" for target in statement["Resource"])


def _named(target: str, arns: Mapping[str, str]) -> str:
    """Return the resource's own name, which says more than an ARN that AWS has yet to make."""
    for arn, name in arns.items():
        if target in (arn, f"{arn}/*", f"{arn}:*"):
            return name + target.removeprefix(arn)
    return target


def _containers(plan: Plan) -> Iterator[str]:
    yield ""
    yield "CONTAINERS"
    for name, container in containers(plan).items():
        yield f"  {name}  ({container['image']})"
        for variable in container["environment"]:
            yield f"    {variable['name']}={variable['value']}"
        for variable in container["secrets"]:
            yield f"    {variable['name']} from {variable['valueFrom']}"


def _outputs(plan: Plan) -> Iterator[str]:
    yield ""
    yield "OUTPUTS  (addresses are stand-ins until the cloud answers)"
    for name, value in sorted(plan.rehearsal.exports.items()):
        if value not in ({}, []):
            yield f"  {name}: {json.dumps(readable(value))}"


def _warnings(plan: Plan) -> Iterator[str]:
    yield ""
    yield f"WARNINGS  {len(plan.warnings) or 'none'}"
    for warning in plan.warnings:
        yield f"  - {warning}"
