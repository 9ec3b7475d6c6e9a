"""The plan as a Mermaid graph: one box a component, one arrow a dependency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from skillpkg_infra.plan.report import components
from skillpkg_infra.plan.run import Plan

SHOWN = 6
"""Kinds of resource that a box names; the rest is a number."""


def mermaid(plan: Plan) -> Iterator[str]:
    """Yield the graph's lines."""
    grouped = components(plan)
    yield "flowchart LR"
    for name, resources in grouped.items():
        kinds = Counter(one.kind for one in resources).most_common()
        words = [f"{count} {kind}" for kind, count in kinds[:SHOWN]]
        if len(kinds) > SHOWN:
            words.append(f"{len(kinds) - SHOWN} more kinds")
        yield f'  {name}["<b>{name}</b><br/>{"<br/>".join(words)}"]'
    for source, target in sorted(_edges(plan)):
        yield f"  {target} --> {source}"


def _edges(plan: Plan) -> set[tuple[str, str]]:
    owner = {one.urn: name for name, resources in components(plan).items() for one in resources}
    return {
        (owner[one.urn], owner[needed])
        for one in plan.rehearsal.resources
        for needed in one.after
        if one.urn in owner and needed in owner and owner[one.urn] != owner[needed]
    }
