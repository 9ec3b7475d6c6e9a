"""The transparency log as one run sees it: one tree, that only ever grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skillpkg.crypto import merkle, tiles
from skillpkg.crypto.checkpoint import Checkpoint, open_checkpoint
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, NotFound, VerificationRefused
from skillpkg.install.fetching import MAX_CHECKPOINT, MAX_TILE, fetch, require_size
from skillpkg.install.modes import refusal
from skillpkg.install.ports import ReadPlane, TrustState

CHECKPOINT_PATH = "/log/checkpoint"


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint with the signed note it stands in, verbatim."""

    checkpoint: Checkpoint
    note: bytes


class LogView:
    """Holds every checkpoint of a run to one tree, the largest ever seen included.

    Args:
        read: where checkpoint and tiles are fetched.
        state: remembers the largest tree and keeps forks as evidence.
        trust: the pinned log keys.
        at: the trusted present, by which a log key must be valid.
        least: the size that the timestamp promises.
    """

    def __init__(
        self, read: ReadPlane, state: TrustState, trust: TrustBundle, at: datetime, least: int
    ) -> None:
        self._read = read
        self._state = state
        self._trust = trust
        self._at = at
        self._least = least
        self._head: Head | None = None
        self._proven: set[tuple[int, bytes]] = set()
        self._opened: dict[tuple[bytes, frozenset[bytes]], Checkpoint] = {}
        self._tiles: dict[tuple[int, int, int], bytes] = {}

    def head(self) -> Head:
        """Return the largest tree seen, after ``/log/checkpoint`` was fetched and proven.

        Raises:
            VerificationRefused: log-checkpoint, log-rollback, log-fork or log-proof.
        """
        if self._head is None:
            self._head = self._fetch_head()
        return self._head

    def open(self, note: bytes, at: datetime) -> Checkpoint:
        """Return the checkpoint of a note under a log key that counted at a time.

        Raises:
            VerificationRefused: log-checkpoint.
        """
        keys = self._trust.log_keys(at)
        known = (note, frozenset(key.key_id for key in keys))
        if known not in self._opened:
            self._opened[known] = open_checkpoint(note, keys)
        return self._opened[known]

    def require_consistent(self, note: bytes, checkpoint: Checkpoint) -> None:
        """Prove an opened checkpoint consistent with the head; a larger one becomes the head.

        A log that is closed has no tiles at this address any more: its pinned key, which counts
        no longer for anything new, has to suffice.

        Raises:
            VerificationRefused: log-checkpoint, log-fork or log-proof.
        """
        head = self.head()
        if checkpoint.origin != head.checkpoint.origin:
            self._require_closed(checkpoint.origin)
            return
        if (checkpoint.size, checkpoint.root) in self._proven:
            return
        self._head = self._larger(head, Head(checkpoint, note))
        if self._head is not head:
            self._remember(self._head)

    def _fetch_head(self) -> Head:
        note = fetch(
            self._read, CHECKPOINT_PATH, check=Check.LOG_CHECKPOINT, max_size=MAX_CHECKPOINT
        )
        fetched = Head(self.open(note, self._at), note)
        remembered = self._remembered(fetched.checkpoint.origin)
        head = self._larger(remembered, fetched) if remembered else fetched
        if fetched.checkpoint.size < self._least:
            raise refusal(
                Check.LOG_ROLLBACK,
                "The log's checkpoint is older than the registry's timestamp.",
                f"It covers {fetched.checkpoint.size} entries; the timestamp promises "
                f"{self._least}.",
                "Try again in a minute; a copy of the registry may be behind.",
            )
        if head is not remembered:
            self._remember(head)
        return head

    def _remembered(self, origin: str) -> Head | None:
        note = self._state.checkpoint(origin)
        if note is None:
            return None
        keys = [key.verifier for key in self._trust.logs]
        return Head(open_checkpoint(note, keys), note)

    def _larger(self, ours: Head, theirs: Head) -> Head:
        """Return the larger of two heads of one log after proving the other its prefix."""
        small, large = ours, theirs
        if theirs.checkpoint.size <= ours.checkpoint.size:
            small, large = theirs, ours
        if self._old_root(small.checkpoint, large.checkpoint) != small.checkpoint.root:
            raise self._fork(ours, theirs)
        for head in (small, large):
            self._proven.add((head.checkpoint.size, head.checkpoint.root))
        return large

    def _old_root(self, old: Checkpoint, new: Checkpoint) -> bytes:
        """Return the root that the tree ``new`` had at the size of ``old``.

        Bad tiles are told from a forked log here: what does not lead to the signed root of
        ``new`` says nothing about ``old``.
        """
        if old.size == new.size:
            return new.root
        if old.size == 0:
            return merkle.EMPTY_ROOT
        roots = merkle.fold_consistency(old.size, new.size, self._path(old, new))
        if roots is None or roots[1] != new.root:
            raise refusal(
                Check.LOG_PROOF,
                "The log's tiles do not lead to its own checkpoint.",
                f"They were read for {new.origin} at {new.size}.",
            )
        return roots[0]

    def _path(self, old: Checkpoint, new: Checkpoint) -> list[bytes]:
        try:
            return tiles.consistency_path(old.size, new.size, self._tile)
        except ValueError as error:
            raise refusal(Check.LOG_PROOF, "A tile of the log is damaged.", str(error)) from error

    def _tile(self, level: int, n: int, width: int) -> bytes:
        """Return a tile's hashes, cut from the full tile where the partial one is gone."""
        key = (level, n, width)
        if key not in self._tiles:
            try:
                self._tiles[key] = self._fetch_tile(level, n, width)
            except NotFound:
                full = self._full_tile(level, n)
                self._tiles[key] = full[: width * merkle.HASH_SIZE]
        return self._tiles[key]

    def _full_tile(self, level: int, n: int) -> bytes:
        try:
            return self._fetch_tile(level, n, tiles.WIDTH)
        except NotFound as error:
            raise refusal(
                Check.LOG_PROOF,
                f"The registry does not have {tiles.tile_path(level, n)} of its log.",
                "Without it the log cannot be proven to have only grown.",
                "Try again in a minute; a copy of the registry may be behind.",
            ) from error

    def _fetch_tile(self, level: int, n: int, width: int) -> bytes:
        path = f"/log/{tiles.tile_path(level, n, width)}"
        full = width == tiles.WIDTH
        data = self._read.get(path, max_size=MAX_TILE, immutable=full)
        return require_size(data, path, Check.LOG_PROOF, MAX_TILE)

    def _require_closed(self, origin: str) -> None:
        keys = [key for key in self._trust.logs if key.origin == origin]
        if not keys or any(key.covers(self._at) for key in keys):
            raise refusal(
                Check.LOG_CHECKPOINT,
                f"A release is in the log {origin}, which is not the registry's present log.",
                "That log is still open by the trust bundle, yet the registry shows another.",
            )

    def _remember(self, head: Head) -> None:
        origin, size = head.checkpoint.origin, head.checkpoint.size
        self._state.remember_checkpoint(origin, size, head.note)

    def _fork(self, ours: Head, theirs: Head) -> VerificationRefused:
        origin = ours.checkpoint.origin
        where = self._state.keep_fork(origin, ours.note, theirs.note)
        return refusal(
            Check.LOG_FORK,
            f"The log {origin} has shown two histories that contradict each other.",
            f"One:\n{ours.note.decode()}\nThe other:\n{theirs.note.decode()}\n"
            f"Both are kept in {where}.",
            "Install nothing from this registry; send both notes to its operator and others.",
        )
