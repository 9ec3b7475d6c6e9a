"""What each registry has shown before, on disk: the memory that makes a rollback visible.

``registries/{id}/`` holds ``memory.json`` (sequences, newest timestamp, bundle version), ``crl/``,
``log/`` (the signed note of the largest tree) and ``forks/`` (notes that contradict each other).
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from skillpkg.client.files import locked, read_if_present, write_atomically
from skillpkg.errors import InstallFailed, SkillpkgError
from skillpkg.install.ports import RememberedCrl, RememberedIndex


class MemoryMoved(InstallFailed):
    """Another process moved the memory on; what was verified must be verified against it again."""


@dataclass(slots=True)
class _Facts:
    """The contents of ``memory.json``."""

    issued_at: datetime | None = None
    bundle_version: int = 0
    indexes: dict[str, RememberedIndex] = field(default_factory=dict)

    def merge(self, other: _Facts) -> None:
        """Take from ``other`` whatever is newer."""
        times = [at for at in (self.issued_at, other.issued_at) if at is not None]
        self.issued_at = max(times, default=None)
        self.bundle_version = max(self.bundle_version, other.bundle_version)
        for package, index in other.indexes.items():
            ours = self.indexes.get(package)
            if ours is None or ours.sequence < index.sequence:
                self.indexes[package] = index


class DiskState:
    """The memory of one registry (`skillpkg.install.ports.TrustState`).

    Facts that many threads gather in one run are written together by `commit`; a checkpoint is
    compared with the one on disk and swapped at once, so two installs at the same time cannot
    each follow another branch of a forked log.

    Args:
        folder: ``registries/{id}``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = folder / "lock"
        self._facts = _read_facts(folder / "memory.json")
        self._new = _Facts()
        self._checkpoints: dict[str, bytes | None] = {}

    def issued_at(self) -> datetime | None:
        """Return when the newest timestamp seen was issued."""
        return self._facts.issued_at

    def remember_issued_at(self, issued_at: datetime) -> None:
        """Keep the time of a newer timestamp."""
        self._new.merge(_Facts(issued_at=issued_at))

    def index(self, package: str) -> RememberedIndex | None:
        """Return the newest index document seen of ``package``."""
        return self._new.indexes.get(package) or self._facts.indexes.get(package)

    def remember_index(self, package: str, index: RememberedIndex) -> None:
        """Keep a newer index document."""
        self._new.merge(_Facts(indexes={package: index}))

    def bundle_version(self) -> int:
        """Return the highest trust bundle version seen."""
        return max(self._facts.bundle_version, self._new.bundle_version)

    def remember_bundle_version(self, version: int) -> None:
        """Keep a higher trust bundle version."""
        self._new.merge(_Facts(bundle_version=version))

    def commit(self) -> None:
        """Write the new facts, merged with what other processes have written since."""
        if self._new == _Facts():
            return
        with locked(self._lock):
            facts = _read_facts(self._folder / "memory.json")
            before = _dump(facts)
            facts.merge(self._new)
            data = _dump(facts)
            if data != before:
                write_atomically(self._folder / "memory.json", data)
        self._facts, self._new = facts, _Facts()

    def crl(self, ca_id: str) -> RememberedCrl | None:
        """Return the newest CRL seen of the CA."""
        path = self._crl_path(ca_id)
        data = read_if_present(path)
        return None if data is None else _read_crl(path, data)

    def remember_crl(self, ca_id: str, crl: RememberedCrl) -> None:
        """Keep a CRL unless one with a higher number is kept already."""
        with locked(self._lock):
            kept = self.crl(ca_id)
            if kept is None or kept.number <= crl.number:
                write_atomically(self._crl_path(ca_id), _dump_crl(crl))

    def _crl_path(self, ca_id: str) -> Path:
        return self._folder / "crl" / f"{quote(ca_id, safe='')}.json"

    def checkpoint(self, origin: str) -> bytes | None:
        """Return the note of the largest tree seen of the log."""
        if origin not in self._checkpoints:
            self._checkpoints[origin] = read_if_present(self._note_path(origin))
        return self._checkpoints[origin]

    def remember_checkpoint(self, origin: str, size: int, note: bytes) -> None:
        """Keep the note of a larger tree.

        Raises:
            MemoryMoved: the note on disk is no longer the one that ``note`` was proved against.
        """
        with locked(self._lock):
            on_disk = read_if_present(self._note_path(origin))
            if on_disk != self.checkpoint(origin):
                self._checkpoints.pop(origin)
                raise MemoryMoved(
                    "Another install moved the log's checkpoint on.", fix="Install again."
                )
            if on_disk is None or _size(on_disk) < size:
                write_atomically(self._note_path(origin), note)
                self._checkpoints[origin] = note

    def _note_path(self, origin: str) -> Path:
        return self._folder / "log" / f"{quote(origin, safe='')}.note"

    def keep_fork(self, origin: str, ours: bytes, theirs: bytes) -> str:
        """Keep two contradicting notes; return the folder they lie in."""
        folder = self._folder / "forks" / f"{quote(origin, safe='')}-{time.time_ns()}"
        write_atomically(folder / "ours.note", ours)
        write_atomically(folder / "theirs.note", theirs)
        return str(folder)


def _size(note: bytes) -> int:
    """Return the size in a note's second line; this note was verified before it was kept."""
    return int(note.split(b"\n", 2)[1])


def _damaged(path: Path, error: Exception) -> SkillpkgError:
    return SkillpkgError(
        f"{path} cannot be read.",
        why=f"It holds what this registry has shown before. {error}",
        fix="Restore it, or delete it: the protection against old answers then begins anew.",
    )


def _read_facts(path: Path) -> _Facts:
    data = read_if_present(path)
    if data is None:
        return _Facts()
    try:
        document = json.loads(data)
        issued = document["issued_at"]
        indexes = {
            str(package): RememberedIndex(int(sequence), str(sha256))
            for package, (sequence, sha256) in document["indexes"].items()
        }
        return _Facts(
            None if issued is None else datetime.fromisoformat(issued),
            int(document["bundle_version"]),
            indexes,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error


def _dump(facts: _Facts) -> bytes:
    document = {
        "issued_at": None if facts.issued_at is None else facts.issued_at.isoformat(),
        "bundle_version": facts.bundle_version,
        "indexes": {p: [i.sequence, i.sha256] for p, i in sorted(facts.indexes.items())},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _read_crl(path: Path, data: bytes) -> RememberedCrl:
    try:
        document = json.loads(data)
        return RememberedCrl(
            int(document["number"]),
            datetime.fromisoformat(document["fetched_at"]),
            base64.b64decode(document["der"], validate=True),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error


def _dump_crl(crl: RememberedCrl) -> bytes:
    document = {
        "number": crl.number,
        "fetched_at": crl.fetched_at.isoformat(),
        "der": base64.b64encode(crl.der).decode("ascii"),
    }
    return json.dumps(document).encode()
