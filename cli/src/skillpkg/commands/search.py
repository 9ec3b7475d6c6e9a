"""Find skills in a registry."""

from __future__ import annotations

import argparse

from skillpkg.canonical_json import JsonValue
from skillpkg.commands.parser import add_registry
from skillpkg.commands.progress import Progress
from skillpkg.commands.session import open_api
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("words", metavar="WORD", nargs="*", help="everything without one")
    parser.add_argument("--category", metavar="NAME", help="of this category alone")
    parser.add_argument("--tag", metavar="NAME", help="with this tag alone")
    parser.add_argument("--page", metavar="N", type=int, default=1, help="20 results a page")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Ask for one page and print it."""
    api, _, _ = open_api(options, out, login=False)
    filters = {key: getattr(options, key) for key in ("category", "tag") if getattr(options, key)}
    query = " ".join(options.words)
    with Progress(out, "Searching"):
        answer = api.search(query, options.page, filters)
    out.result(answer)
    found = answer.get("results")
    results = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    for one in results:
        out.line(
            (f"{one.get('namespace')}/{one.get('name')}", "bold"),
            (f" {one.get('version', '')}", "green"),
        )
        out.say(f"  {_short(one.get('description'))}")
    _say_total(out, answer.get("total"), answer.get("total_relation"), len(results), options.page)
    if results:
        out.say(f"next: skillpkg info {results[0].get('namespace')}/{results[0].get('name')}")
    return 0


def _short(text: JsonValue, width: int = 100) -> str:
    line = str(text or "")
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _say_total(out: Output, total: JsonValue, relation: JsonValue, shown: int, page: int) -> None:
    if not shown:
        out.say("Nothing found.")
        return
    more = "at least " if relation == "gte" else ""
    out.say(f"{shown} of {more}{total} shown, page {page}", "dim")
