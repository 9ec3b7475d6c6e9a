"""``python -m bench [--only NAME]``: run the benches, print a table, merge the figures."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from bench.report import Absent, merge

BENCHES = {
    "read": "bench.read:run",
    "search": "bench.search:run",
    "publish": "bench.publish:run",
    "install": "bench.install:run",
    "infra": "bench.infra:run",
}
"""Name -> ``module:function``; the function prints its table and returns the keys to merge."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benches asked for; 0 when all ran, 1 when something that they need is absent."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="?", choices=[*BENCHES, "all"], default="all")
    parser.add_argument("--only", dest="named", choices=[*BENCHES, "all"], metavar="NAME")
    options = parser.parse_args(arguments)
    wanted = options.named or options.only
    for name in BENCHES if wanted == "all" else (wanted,):
        try:
            _run(name)
        except Absent as absent:
            print(f"bench {name}: {absent}", file=sys.stderr)
            return 1
    return 0


def _run(name: str) -> None:
    module, _, function = BENCHES[name].partition(":")
    path = merge(getattr(import_module(module), function)())
    print(f"Figures are in {path}.")


if __name__ == "__main__":
    sys.exit(main())
