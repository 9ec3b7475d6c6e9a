"""What small, medium and large mean, cloud-blind; providers map the database class."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg_infra.choices import Size


@dataclass(frozen=True, slots=True)
class Shape:
    """One size: CPU with 1024 to a core, memory in MiB, disk in GiB, replica limits."""

    api_cpu: int
    api_memory: int
    api_max: int
    worker_cpu: int
    worker_memory: int
    worker_max: int
    disk: int


SHAPES = {
    Size.SMALL: Shape(512, 1024, 2, 1024, 2048, 2, 20),
    Size.MEDIUM: Shape(1024, 2048, 8, 2048, 4096, 4, 100),
    Size.LARGE: Shape(2048, 4096, 32, 4096, 8192, 12, 500),
}


def replicas(
    size: Size, *, redundant: bool, paused: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (least, most) replicas of the api and of the worker.

    Args:
        size: the stack's size.
        redundant: run at least two of the api, in different zones.
        paused: run nothing, keep everything else.
    """
    if paused:
        return (0, 0), (0, 0)
    shape = SHAPES[size]
    if not redundant and size is Size.SMALL:
        return (1, 1), (1, 1)
    return (2 if redundant else 1, shape.api_max), (1, shape.worker_max)
