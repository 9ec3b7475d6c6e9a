"""What the Pulumi program costs: its CPU seconds over those of importing the modules it uses.

The program is the prod stack on AWS, registered with stand-in answers; its imports are its own
import statements of the provider's SDK, executed in a process of their own: the SDK loads a module
when the first name is taken from it.
"""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.report import Figures, table

ROOT = Path(__file__).resolve().parents[1]
PROVIDER = ROOT / "infra/src/skillpkg_infra/providers/aws"
ROUNDS = 5
TARGET = 1.2
"""The program may take this many times its imports."""
SDKS = ("pulumi_aws", "pulumi_random")

PROGRAM = """
import gc
gc.set_threshold(200_000, 50, 50)
from pathlib import Path
from skillpkg_infra.plan.run import plan_stack
plan_stack(Path("stacks"), "aws", "prod")
"""


def run() -> Figures:
    """Measure, print the table, return the figures."""
    imports = "\n".join(sorted({one for path in PROVIDER.rglob("*.py") for one in _imports(path)}))
    pairs = [(_cpu(PROGRAM), _cpu(imports)) for _ in range(ROUNDS)]
    program, imported = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = program / imported
    rows = [("program", program), ("its imports", imported), (f"ratio, at most {TARGET}", ratio)]
    print(table(("infra", "CPU s"), rows))
    return {
        "ratios": {"infra_vs_imports": round(ratio, 3)},
        "infra": {
            "program_cpu_s": round(program, 2),
            "imports_cpu_s": round(imported, 2),
            "target": TARGET,
        },
    }


def _imports(path: Path) -> list[str]:
    """Return a file's ``from … import …`` of the SDKs, wherever they stand in it."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    found = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module)
    return [ast.unparse(node) for node in found if str(node.module).split(".")[0] in SDKS]


def _cpu(code: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])
