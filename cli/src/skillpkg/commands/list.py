"""List what is installed, who signed it, and which agents see it."""

from __future__ import annotations

import argparse

from skillpkg.commands.session import add_scope, open_store
from skillpkg.output import Output, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_scope(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Read the store's index; nothing is fetched."""
    from skillpkg.client import config

    index = open_store(options).read()
    names = {entry.registry_id: name for name, entry in config.load().registries.items()}
    out.result(
        {
            "packages": [one.to_json() for one in index.packages],
            "placements": [one.to_json() for one in index.placements],
        }
    )
    rows = []
    for one in index.packages:
        seen = [
            p.target
            for p in index.placements
            if (p.package, p.version) == (one.package, one.version.text)
        ]
        rows.append(
            (
                one.package,
                one.version.text,
                "" if one.requested else "dependency",
                f"signed by {'the registry' if one.signer.kind == 'registry' else one.namespace}",
                names.get(one.registry, one.registry),
                ", ".join(seen),
            )
        )
    for line in table(rows):
        out.say(line.rstrip())
    if not rows:
        out.say("Nothing is installed. next: skillpkg search WORD")
    return 0
