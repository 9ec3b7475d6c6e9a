"""What each component registers, against the files that people review (`make inventory`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from infra_plans import CLOUDS, PROFILES, ROOT, planned

from skillpkg_infra.plan.inventory import inventories, main

FOLDER = ROOT / "tests/infra/inventories"
COMPONENTS = ("network", "pki", "storage", "database", "compute")


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_component_registers_what_its_inventory_says(
    cloud: str, profile: str, component: str
) -> None:
    expected = (FOLDER / cloud / f"{component}-{profile}.yaml").read_text(encoding="utf-8")
    found = inventories(planned(cloud, profile))[component]
    assert found == expected, "If this is meant, `make inventory` rewrites the files."


def test_no_inventory_is_left_over() -> None:
    wanted = {f"{c}-{p}.yaml" for c in COMPONENTS for p in PROFILES}
    for cloud in CLOUDS:
        assert {path.name for path in (FOLDER / cloud).iterdir()} == wanted


def test_rewriting_gives_the_same_files(tmp_path: Path) -> None:
    arguments = ["--cloud", "aws", "--stacks", str(ROOT / "stacks"), "--folder", str(tmp_path)]
    assert main(arguments) == 0
    for path in (tmp_path / "aws").iterdir():
        assert path.read_bytes() == (FOLDER / "aws" / path.name).read_bytes()
