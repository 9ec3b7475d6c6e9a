"""Stand-ins that are started once, when a test first needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


@contextmanager
def starter(
    backends: Mapping[str, Callable[[Path], AbstractContextManager[T]]],
    folders: pytest.TempPathFactory,
) -> Iterator[Callable[[str], T]]:
    """Yield what starts a backend by its scheme, or gives the one that runs; all end with it."""
    running: dict[str, T] = {}
    with ExitStack() as stack:

        def start(scheme: str) -> T:
            if scheme not in running:
                running[scheme] = stack.enter_context(backends[scheme](folders.mktemp(scheme)))
            return running[scheme]

        yield start
