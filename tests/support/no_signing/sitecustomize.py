"""On PYTHONPATH, this makes ``skreg api`` unable to sign: signers raise when they are imported.

Other roles of the same environment are left alone, so every process of the suites can have it.
"""

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


if "api" in sys.orig_argv:
    sys.meta_path.insert(0, NoSigning())  # type: ignore[arg-type]
