"""A moving line for what takes over a second, on a terminal only."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from skillpkg.output import Output

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from skillpkg.install.installer import Plan
    from skillpkg.install.verify import VerifiedRelease

_DELAY_SECONDS = 1.0


class Progress:
    """Counts packages; draws nothing before a second has passed, and nothing into a pipe."""

    def __init__(self, out: Output, label: str, delay: float = _DELAY_SECONDS) -> None:
        self._label = label
        self._changed = threading.Lock()
        self._bar: RichProgress | None = None
        self._total, self._done, self._ended = 0, 0, False
        self._timer = threading.Timer(delay, self._draw) if out.shows_progress else None

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._changed:
            self._ended = True
            if self._bar is not None:
                self._bar.stop()

    def follow(self, plan: Plan) -> Plan:
        """Return ``plan`` with its progress told to this line."""
        return replace(plan, on_chosen=self._start, on_verified=self._advance)

    def _start(self, total: int) -> None:
        with self._changed:
            self._total, self._done = total, 0
            self._update()

    def _advance(self, _: VerifiedRelease) -> None:
        with self._changed:
            self._done += 1
            self._update()

    def _update(self) -> None:
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, total=self._total or None, completed=self._done)

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        with self._changed:
            if self._ended:
                return
            self._bar = RichProgress(console=Console(stderr=True), transient=True)
            self._bar.add_task(self._label, total=self._total or None)
            self._bar.start()
            self._update()
