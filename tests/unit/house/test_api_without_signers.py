"""The guards under which every API of the suites runs do guard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support import registry_process
from support.registry_process import NO_SIGNING
from support.unsigning import Unsigning

FORBIDDEN = ("skreg.signing", "skreg.adapters.signers", "skreg.adapters.signers.file")


def run(folder: Path, role: str, module: str) -> subprocess.CompletedProcess[str]:
    """Start a program as the suites start ``skreg``; it imports ``module`` in that role."""
    pretender = folder / "pretender"
    pretender.mkdir(exist_ok=True)
    (pretender / "__main__.py").write_text(f"import {module}\nprint('imported')\n")
    return subprocess.run(
        [sys.executable, "-m", "pretender", role],
        env={"PYTHONPATH": f"{NO_SIGNING}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", FORBIDDEN)
def test_an_api_process_cannot_import_what_signs(tmp_path: Path, module: str) -> None:
    done = run(tmp_path, "api", module)
    assert done.returncode == 1
    assert "this process must not sign" in done.stderr


def test_a_worker_process_can(tmp_path: Path) -> None:
    assert run(tmp_path, "worker", FORBIDDEN[0]).stdout == "imported\n"


def test_every_process_of_the_suites_is_started_with_the_guard() -> None:
    assert registry_process._environment()["PYTHONPATH"] == str(NO_SIGNING)


async def test_an_api_of_this_process_cannot_sign_in_a_request() -> None:
    from skreg.adapters import signers

    async def app(scope: object, receive: object, send: object) -> None:
        signers.open_signer("file:///key.pem", hsm_backend="software", environment="dev")

    with pytest.raises(AssertionError, match="asked for a signature"):
        await Unsigning(app)({}, None, None)
