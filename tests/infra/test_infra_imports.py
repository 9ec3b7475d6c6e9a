"""One cloud's SDK is imported, and no more of it than the program uses."""

from __future__ import annotations

import subprocess
import sys

from infra_plans import ROOT

PROGRAM = """
import sys
from pathlib import Path
from skillpkg_infra.plan.run import plan_stack
plan_stack(Path("stacks"), "aws", "dev")
for name in ("pulumi_gcp", "pulumi_azure_native", "skreg", "skillpkg", "sqlmodel", "fastapi"):
    assert name not in sys.modules, name
assert "pulumi_aws" in sys.modules
"""
COMPONENTS = """
import sys
import skillpkg_infra.components.compute, skillpkg_infra.config, skillpkg_infra.providers
import skillpkg_infra.policy, skillpkg_infra.stack, skillpkg_infra.arguments
assert not [name for name in sys.modules if name.startswith("pulumi_")]
"""
WHOLE = """
import skillpkg_infra.hosting, sys
skillpkg_infra.hosting.aws()
import pulumi_aws
for name, module in list(sys.modules.items()):
    package, _, part = name.rpartition(".")
    if package.count(".") == 1 and package.startswith("pulumi_aws.") and part != "outputs":
        for one in getattr(module, "__all__", ()):
            assert hasattr(sys.modules[package], one), f"{package} lost {one}"
assert pulumi_aws.rds.Instance
"""


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_stack_imports_its_own_clouds_sdk_alone() -> None:
    run(PROGRAM)


def test_what_is_blind_to_the_cloud_imports_no_sdk() -> None:
    run(COMPONENTS)


def test_a_program_of_somebody_elses_finds_the_sdk_whole_beside_our_components() -> None:
    # The SDK loads a package when it is first touched; touched by a module of its own that is
    # still being loaded, the package never gets that module's names.
    run(WHOLE)
