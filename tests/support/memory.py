"""A read plane and a trust state in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from skillpkg.errors import NetworkFailure, NotFound
from skillpkg.install.ports import RememberedCrl, RememberedIndex


@dataclass
class MemoryPlane:
    """Serves ``files`` by path; ``down`` is what cannot be reached; ``asked`` counts requests."""

    files: dict[str, bytes]
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    capped: bool = True

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        self.asked.append(path)
        if path in self.down:
            raise NetworkFailure(f"{path} cannot be reached.")
        if path not in self.files:
            raise NotFound(f"{path} is not there.")
        data = self.files[path]
        if self.capped and len(data) > max_size:
            raise NetworkFailure(f"{path} is longer than {max_size} bytes.")
        return data


@dataclass
class MemoryState:
    """Remembers as a disk would; ``forks`` are the pairs of notes that were kept."""

    issued: datetime | None = None
    indexes: dict[str, RememberedIndex] = field(default_factory=dict)
    crls: dict[str, RememberedCrl] = field(default_factory=dict)
    checkpoints: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    version: int = 0
    forks: list[tuple[bytes, bytes]] = field(default_factory=list)

    def issued_at(self) -> datetime | None:
        return self.issued

    def remember_issued_at(self, issued_at: datetime) -> None:
        self.issued = max(issued_at, self.issued or issued_at)

    def index(self, package: str) -> RememberedIndex | None:
        return self.indexes.get(package)

    def remember_index(self, package: str, index: RememberedIndex) -> None:
        self.indexes[package] = index

    def crl(self, ca_id: str) -> RememberedCrl | None:
        return self.crls.get(ca_id)

    def remember_crl(self, ca_id: str, crl: RememberedCrl) -> None:
        self.crls[ca_id] = crl

    def checkpoint(self, origin: str) -> bytes | None:
        return self.checkpoints[origin][1] if origin in self.checkpoints else None

    def remember_checkpoint(self, origin: str, size: int, note: bytes) -> None:
        if size > self.checkpoints.get(origin, (-1, b""))[0]:
            self.checkpoints[origin] = (size, note)

    def bundle_version(self) -> int:
        return self.version

    def remember_bundle_version(self, version: int) -> None:
        self.version = max(version, self.version)

    def keep_fork(self, origin: str, ours: bytes, theirs: bytes) -> str:
        self.forks.append((ours, theirs))
        return f"memory:{origin}"


@dataclass
class FixedClock:
    """A clock that stands until a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now
