"""The program in Pulumi's own engine; skipped by name where the engine is not installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.engine import Engine, missing, start

Start = Callable[..., Engine]


def pytest_configure(config: pytest.Config) -> None:
    # The SDK's own modules warn about each other while they are imported.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:pulumi_aws.*")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    absent = missing() or (None if shutil.which("uv") else "uv")
    if absent is None:
        return
    mark = pytest.mark.skip(reason=f"{absent} is not on PATH: install Pulumi's CLI and uv")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(mark)


@pytest.fixture
def stack(tmp_path: Path) -> Start:
    """``stack("aws-dev", deletion="protect")`` makes that stack, not deployed yet."""

    def begin(name: str = "aws-dev", **settings: str) -> Engine:
        return start(tmp_path / "stack", name, settings)

    return begin


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Deployed stacks, each made once."""
    made: dict[tuple[object, ...], Engine] = {}

    def model(name: str, **settings: str) -> Engine:
        key = (name, *sorted(settings.items()))
        if key not in made:
            made[key] = start(tmp_path_factory.mktemp("model") / "stack", name, settings)
            made[key].up()
        return made[key]

    return model


@pytest.fixture
def deployed(tmp_path: Path, models: Start) -> Start:
    """``deployed("aws-dev", deletion="protect")`` is a copy of that stack, deployed."""

    def begin(name: str = "aws-dev", **settings: str) -> Engine:
        model = models(name, **settings)
        shutil.copytree(model.folder, tmp_path / "stack", symlinks=True)
        return replace(model, folder=tmp_path / "stack")

    return begin
