"""Put on PYTHONPATH, this makes a Python process unable to sign: its signers raise on import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

FORBIDDEN = ("skreg.adapters.signers", "skreg.signing", "skreg.ports.signer")


class NoSigning:
    """Finds nothing, and refuses whatever could sign."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.startswith(FORBIDDEN):
            raise AssertionError(f"this process must not sign, and imports {name}")
        return None


sys.meta_path.insert(0, NoSigning())  # type: ignore[arg-type]
