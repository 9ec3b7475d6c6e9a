"""The command line of ``skreg admin package``."""

from __future__ import annotations

import argparse

from skreg.admin.actions import Groups, add_action, add_group

_PLACE = "skreg.admin.packages"


def add_packages(groups: Groups[argparse.ArgumentParser]) -> None:
    """Add the group package."""
    group = add_group(groups, "package", "what is published, whoever owns it")
    for name, told in (
        ("yank", "hide a version from resolution; its owners cannot bring it back"),
        ("unyank", "let a yanked version be resolved again"),
    ):
        action = add_action(group, name, f"{_PLACE}:{name}", told)
        action.add_argument("version", metavar="NS/NAME@VERSION")
        action.add_argument("--reason", required=True)
    down = add_action(
        group, "takedown", f"{_PLACE}:take_down", "remove archives from store and CDN, for ever"
    )
    down.add_argument("package", metavar="NS/NAME[@VERSION]")
    down.add_argument("--reason", required=True)
    for name, told in (
        ("publishers", "list the CI workflows that may publish it"),
        ("readers", "show who it is for in a private registry"),
    ):
        action = add_action(group, name, f"{_PLACE}:{name}", told)
        action.add_argument("package", metavar="NS/NAME")
    remove = add_action(
        group,
        "remove-publisher",
        f"{_PLACE}:remove_publisher",
        "trust a CI workflow no longer, and revoke its tokens",
    )
    remove.add_argument("package", metavar="NS/NAME")
    remove.add_argument("id")
