"""The operator's desk: database and queue of the command line, for what the worker goes on with."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from typing import TypeVar

from skreg.administration import database_of, with_pool
from skreg.api.services.desk import Desk
from skreg.queue import open_queue

T = TypeVar("T")


def at_desk(parsed: argparse.Namespace, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run ``work`` as the operator."""
    queue = open_queue(database_of(parsed.data_dir))
    return with_pool(parsed.data_dir, lambda pool: work(Desk(pool, queue)))
