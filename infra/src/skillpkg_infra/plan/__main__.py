"""``python -m skillpkg_infra.plan --cloud aws --stack prod``: no engine, no account."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skillpkg_infra.choices import Cloud
from skillpkg_infra.errors import ConfigurationInvalid
from skillpkg_infra.plan.mermaid import mermaid
from skillpkg_infra.plan.report import lines
from skillpkg_infra.plan.run import plan_stack


def main(arguments: list[str] | None = None) -> int:
    """Print one stack's plan; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        plan = plan_stack(chosen.stacks, chosen.cloud, chosen.stack)
    except (ConfigurationInvalid, FileNotFoundError, LookupError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command line's own words
        return 2
    print("\n".join(mermaid(plan) if chosen.mermaid else lines(plan)))  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skillpkg_infra.plan",
        description="Show what a stack would make: no engine, no credentials, no account.",
    )
    parser.add_argument("--cloud", choices=[str(cloud) for cloud in Cloud], required=True)
    parser.add_argument("--stack", required=True, help="prod for Pulumi.<cloud>-prod.yaml")
    parser.add_argument("--stacks", type=Path, default=Path("stacks"), help="their folder")
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid graph instead")
    return parser


if __name__ == "__main__":
    sys.exit(main())
