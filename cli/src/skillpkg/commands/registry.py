"""Add, list, remove and trust registries.

A registry is trusted through its root key. Get the root's fingerprint from its operators, by
another way than the registry itself, and give it when you add the registry.
"""

from __future__ import annotations

import argparse
import sys

from skillpkg.commands.parser import add_verbs
from skillpkg.output import Output, clean, table

VERBS = {
    "add": "pin a registry's root and keep it under a name",
    "list": "show the registries known here",
    "remove": "forget a registry",
    "trust": "show a registry's root, logs and hosts; fetch its newest trust bundle",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    verbs["add"].add_argument("name", metavar="NAME", help="what you call it")
    verbs["add"].add_argument("url", metavar="URL", help="https address, or a static folder")
    verbs["add"].add_argument(
        "--root-fingerprint", metavar="sha256:HEX", help="without it a person is asked"
    )
    verbs["remove"].add_argument("name", metavar="NAME")
    verbs["trust"].add_argument("name", metavar="NAME", nargs="?", help="or the default one")


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    return _RUN[options.verb](options, out)


def _add(options: argparse.Namespace, out: Output) -> int:
    from skillpkg.client import registries

    can_ask = out.is_interactive and not out.quiet  # the question would not be seen
    confirm = (lambda *facts: _ask(out, *facts)) if can_ask else None
    found = registries.add(options.name, options.url, options.root_fingerprint, confirm)
    entry = found.entry
    out.result(
        {
            "name": options.name,
            "url": entry.url,
            "registry_id": entry.registry_id,
            "root_fingerprint": entry.root_fingerprint,
            "api_url": entry.api_url,
            "read_urls": list(entry.read_urls),
            "trust_version": found.bundle.version,
        }
    )
    out.line((f"Added {options.name}", "green"), (f"  {entry.url}", ""))
    out.say(f"  registry  {entry.registry_id}")
    out.say(f"  root      {entry.root_fingerprint} (pinned)")
    out.say("next: skillpkg search WORD" if entry.api_url else "next: skillpkg install ns/name")
    return 0


def _ask(out: Output, url: str, registry_id: str, fingerprint: str) -> bool:
    out.note(f"First contact with {url} (registry {registry_id}).")
    out.note(f"Its root key is {fingerprint}")
    out.note("Compare it with what its operators publish: whoever holds that key decides what")
    out.note("you install. Type yes to trust it:")
    return sys.stdin.readline().strip().lower() == "yes"


def _list(options: argparse.Namespace, out: Output) -> int:
    from skillpkg.client import registries

    found = registries.known()
    out.result(
        {
            "registries": [
                {
                    "name": one.name,
                    "url": one.url,
                    "root_fingerprint": one.root_fingerprint,
                    "registry_id": one.entry.registry_id if one.entry else None,
                    "default": one.is_default,
                    "pinned_by": one.pin.source if one.pin else None,
                }
                for one in found
            ]
        }
    )
    rows = [
        (
            "*" if one.is_default else " ",
            one.name,
            one.url,
            f"{one.root_fingerprint[:23]}…",
            f"pinned by {one.pin.source}" if one.pin else "",
        )
        for one in found
    ]
    for line in table(rows):
        out.say(line.rstrip())
    if not rows:
        out.note("No registry yet: skillpkg registry add NAME URL --root-fingerprint sha256:…")
    return 0


def _remove(options: argparse.Namespace, out: Output) -> int:
    from skillpkg.client import registries

    registries.remove(options.name)
    out.result({"removed": options.name})
    out.say(f"Removed {options.name}. What was installed from it stays.")
    return 0


def _trust(options: argparse.Namespace, out: Output) -> int:
    from skillpkg.client import registries
    from skillpkg.client.connect import refresh_bundle

    registry = registries.choose(options.name)
    bundle = refresh_bundle(registry, out.warn)
    roots = [root.fingerprint for root in bundle.roots]
    out.result(
        {
            "name": registry.name,
            "registry_id": bundle.registry_id,
            "pinned": registry.root_fingerprint,
            "trust_version": bundle.version,
            "roots": roots,
            "logs": [key.vkey for key in bundle.logs],
            "redirect_hosts": list(bundle.redirect_hosts),
        }
    )
    out.line((registry.name, "bold"), (f"  {registry.url}", ""))
    out.say(f"  registry  {bundle.registry_id}, trust bundle {bundle.version}")
    for root in roots:
        pinned = " (pinned)" if root == registry.root_fingerprint else ""
        out.say(f"  root      {root}{pinned}")
    for key in bundle.logs:
        out.say(f"  log       {key.vkey}")
    for host in bundle.redirect_hosts:
        out.say(f"  host      {clean(host)}")
    return 0


_RUN = {"add": _add, "list": _list, "remove": _remove, "trust": _trust}
