"""An install from wish to agent folder: resolve, fetch, verify, extract, register, show."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from skillpkg.client.connect import Connection
from skillpkg.client.state import MemoryMoved
from skillpkg.crypto.encoding import format_time
from skillpkg.errors import Check, InstallFailed, VerificationRefused
from skillpkg.install.altered import may_stay
from skillpkg.install.fetching import MAX_RELEASE
from skillpkg.install.index import PackageIndex
from skillpkg.install.index_file import Placement
from skillpkg.install.indexes import Indexes
from skillpkg.install.outcome import Done, Outcome
from skillpkg.install.ports import ReadPlane
from skillpkg.install.release import object_path
from skillpkg.install.resolve import Candidate, resolve
from skillpkg.install.shown import require_unaltered
from skillpkg.install.store import Store, StoreChange
from skillpkg.install.targets import Target, place
from skillpkg.install.verify import VerifiedRelease, Verifier
from skillpkg.install.wishes import Wish
from skillpkg.installed import InstalledPackage
from skillpkg.types import Namespace, PackageName, Sha256Digest

_WORKERS = 8
_AHEAD = 16
_FEW = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to install and how to tell about it.

    Attributes:
        on_chosen: called with the number of versions to fetch.
        on_verified: called with each release that passed every check.
    """

    store: Store
    targets: tuple[Target, ...]
    copy: bool
    clock: Callable[[], datetime]
    on_chosen: Callable[[int], None] = lambda _: None
    on_verified: Callable[[VerifiedRelease], None] = lambda _: None


def install(connection: Connection, wish: Wish, plan: Plan) -> Outcome:
    """Install what is wished for; everything is verified before anything appears.

    A refusal that could come from the local cache is tried once more without it, and one whose
    memory another process moved on is verified again against the new memory.

    Raises:
        VerificationRefused, NotFound, ConflictingRequirements, NetworkFailure, InstallFailed.
    """
    cache, attempts = connection.cache, 3
    while True:
        attempts -= 1
        try:
            return _attempt(connection, wish, plan)
        except MemoryMoved:
            if not attempts:
                raise
        except VerificationRefused:
            if not attempts or cache is None or not cache.forget_served():
                raise
        finally:
            connection.state.commit()


def _attempt(connection: Connection, wish: Wish, plan: Plan) -> Outcome:
    plane = connection.plane
    verifier = Verifier(plane, connection.bundle, connection.state, plan.clock)
    exact = wish.requirements[0].package if wish.sha256 else None
    with ThreadPoolExecutor(_WORKERS) as pool:
        indexes = Indexes(verifier, plane, pool, exact)
        indexes.warm(wish.requirements)
        chosen = resolve(wish.requirements, indexes.get)
        with plan.store.change() as change:
            run = _Run(connection, wish, plan, verifier, indexes, change)
            return run.carry_out(chosen, pool)


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt, from chosen versions to agent folders."""

    connection: Connection
    wish: Wish
    plan: Plan
    verifier: Verifier
    indexes: Indexes
    change: StoreChange

    def carry_out(self, chosen: Sequence[Candidate], pool: ThreadPoolExecutor) -> Outcome:
        if not self.wish.force:
            require_unaltered(self._to_be_replaced({c.package for c in chosen}))
        present = {c.package: self._present(c) for c in chosen}
        missing = [c for c in chosen if present[c.package] is None]
        self.plan.on_chosen(len(missing))
        fresh = self._verify_and_stage(missing, pool)
        for package, (staged, record, _) in fresh.items():
            self.change.settle(staged, package, record)
        kept = [self._as_asked(p) for p in present.values() if p is not None]
        if fresh or any(p not in self.change.index.packages for p in kept):
            self.change.register([*kept, *fresh])
        done = [Done(p, None) for p in kept] + [Done(p, r) for p, (_, _, r) in fresh.items()]
        done.sort(key=lambda one: one.package.package)
        return Outcome(tuple(done), self._show([one.package for one in done]))

    def _present(self, chosen: Candidate) -> InstalledPackage | None:
        """Return what the store has of a chosen version.

        Raises:
            InstallFailed: the store has it from another registry, or its files were changed.
            VerificationRefused: archive-sha256, the registry now names other bytes.
        """
        if self._expected(chosen) not in (None, chosen.facts.sha256):
            return None  # the verifier refuses it, present or not
        for package in self.change.index.find(chosen.package, chosen.facts.version):
            if package.registry != self.connection.entry.registry_id:
                raise InstallFailed(
                    f"{chosen.package}@{chosen.version} is installed from another registry.",
                    why=f"installed from {package.registry}, asked for from "
                    f"{self.connection.entry.registry_id} ({self.connection.name})",
                    fix=f"Type: skillpkg uninstall {chosen.package}; and install again.",
                )
            if package.sha256 != chosen.facts.sha256:
                raise VerificationRefused(
                    Check.ARCHIVE_SHA256,
                    f"{chosen.package}@{chosen.version} is not what was installed before.",
                    why=f"installed: {package.sha256}, now: {chosen.facts.sha256}",
                    fix="Tell the registry's operators: published bytes never change.",
                )
            if may_stay(package, self.plan.store.folder(package), force=self.wish.force):
                return package
        return None

    def _as_asked(self, package: InstalledPackage) -> InstalledPackage:
        return replace(package, requested=package.requested or self._is_asked(package.package))

    def _is_asked(self, package: str) -> bool:
        return any(r.package == package for r in self.wish.requirements)

    def _verify_and_stage(
        self, missing: Sequence[Candidate], pool: ThreadPoolExecutor
    ) -> dict[InstalledPackage, tuple[str, bytes, VerifiedRelease]]:
        """Fetch ahead, verify in order, extract aside; many packages are flushed together."""
        few = len(missing) <= _FEW
        staged = {}
        fetched = _fetch_all(self.connection.plane, self.indexes, missing, pool)
        for chosen, (archive, record) in fetched:
            release = self._verify(chosen, archive, record)
            name = self.change.stage(release.archive, durable=few)
            staged[self._package(chosen, release)] = (name, record, release)
            self.plan.on_verified(release)
        if staged and not few and hasattr(os, "sync"):
            os.sync()
        return staged

    def _verify(self, chosen: Candidate, archive: bytes, record: bytes) -> VerifiedRelease:
        index = self.indexes.get(chosen.package)
        return self.verifier.check_release(
            index, chosen.facts.version, archive, record, sha256=self._expected(chosen)
        )

    def _expected(self, chosen: Candidate) -> str | None:
        asked = self.wish.requirements[0].package == chosen.package
        return self.wish.sha256 if asked else None

    def _package(self, chosen: Candidate, release: VerifiedRelease) -> InstalledPackage:
        namespace, name = chosen.package.split("/")
        package = InstalledPackage(
            Namespace(namespace),
            PackageName(name),
            chosen.version,
            self.connection.entry.registry_id,
            Sha256Digest(chosen.facts.sha256),
            chosen.facts.signer,
            release.log_index,
            self.plan.store.root,
            format_time(self.plan.clock()),
            self._is_asked(chosen.package),
        )
        return replace(package, path=self.plan.store.folder(package))

    def _to_be_replaced(self, packages: set[str]) -> list[tuple[Placement, Path]]:
        """Return the entries in the targets' folders that will be put there anew."""
        folders = {target.folder for target in self.plan.targets}
        ours = [p for p in self.change.index.placements if p.path.parent in folders]
        root = self.plan.store.root / "packages"
        return [(p, root / p.package / p.version) for p in ours if p.package in packages]

    def _show(self, packages: Sequence[InstalledPackage]) -> tuple[Placement, ...]:
        placements: list[Placement] = []
        for target in self.plan.targets:
            for package in packages:
                known = (*self.change.index.placements, *placements)
                files = self.plan.store.folder(package)
                placements.append(
                    place(package, files, target, copy=self.plan.copy, placements=known)
                )
        if any(one not in self.change.index.placements for one in placements):
            self.change.register([], placements)
        return tuple(placements)


def _fetch_all(
    plane: ReadPlane, indexes: Indexes, chosen: Sequence[Candidate], pool: ThreadPoolExecutor
) -> Iterator[tuple[Candidate, tuple[bytes, bytes]]]:
    """Yield archives and records in order; a bounded number is fetched ahead."""
    rest = iter(chosen)
    ahead: deque[tuple[Candidate, Future[tuple[bytes, bytes]]]] = deque()
    while True:
        for one in islice(rest, _AHEAD - len(ahead)):
            ahead.append((one, pool.submit(_fetch, plane, indexes.get(one.package), one)))
        if not ahead:
            return
        candidate, future = ahead.popleft()
        yield candidate, future.result()


def _fetch(plane: ReadPlane, index: PackageIndex, chosen: Candidate) -> tuple[bytes, bytes]:
    """Return archive and record; a kept record that is not the promised one is fetched again."""
    facts = chosen.facts
    archive = plane.get(object_path(index, facts, "skill"), max_size=facts.size, immutable=True)
    path = object_path(index, facts, "release")
    record = plane.get(path, max_size=MAX_RELEASE, immutable=True)
    if hashlib.sha256(record).hexdigest() != facts.release:
        record = plane.get(path, max_size=MAX_RELEASE, immutable=False)
    return archive, record
