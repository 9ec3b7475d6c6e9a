"""Stands for `docker` where no daemon is: hands what docs/SINGLE_MACHINE.md says to podman.

``SKREG_TEST_MACHINE`` names a file with the facts of a running machine, see ``Machine.facts``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

COMPOSE = ["compose", "-f", "images/compose.yaml"]
OURS = ("--rm", "--no-deps", "-T")
"""Options of compose that say here what podman does anyway."""


def translated(arguments: list[str], facts: dict[str, Any]) -> list[str]:
    """Return podman's arguments for a command of docker's."""
    if arguments[:3] != COMPOSE:
        return _plain(arguments, facts)
    verb, *rest = arguments[3:]
    rest = [one for one in rest if one not in OURS]
    if verb == "exec":
        return ["exec", "-i", facts["ids"][rest[0]], *rest[1:]]
    if verb == "cp":
        return ["cp", *(_copied(one, facts) for one in rest)]
    assert verb == "run", arguments
    service, inside = rest[2], rest[3:]
    return ["run", "--rm", "-i", *facts["options"][service], *rest[:2], facts["image"], *inside]


def _copied(place: str, facts: dict[str, Any]) -> str:
    service, colon, path = place.partition(":")
    return f"{facts['ids'][service]}:{path}" if colon else place


def _plain(arguments: list[str], facts: dict[str, Any]) -> list[str]:
    """Return a plain ``docker run``: on this machine's volumes, with the image that was built."""
    prefix = f"{facts['prefix']}-"
    return [
        facts["image"] if one == "localhost/skreg" else one.replace("skreg_", prefix)
        for one in arguments
    ]


if __name__ == "__main__":
    found = json.loads(Path(os.environ["SKREG_TEST_MACHINE"]).read_text(encoding="utf-8"))
    os.execvp("podman", ["podman", *translated(sys.argv[1:], found)])
