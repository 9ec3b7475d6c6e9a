"""The verifier: from a pinned root to an archive that may be extracted.

Its order is that of TRUST.md, "What install verifies". Each step is also a function of its own
over bytes already fetched, so that a caller fetches many objects at once and checks them after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from skillpkg.archive.limits import DEFAULT
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, NotFound, UsageError
from skillpkg.install import bins, index, memory, release, timestamp
from skillpkg.install.fetching import (
    MAX_INDEX,
    MAX_RELEASE,
    MAX_TIMESTAMP,
    fetch,
    require_sha256,
    require_size,
)
from skillpkg.install.index import IndexVersion, Package, PackageIndex
from skillpkg.install.log import LogView
from skillpkg.install.modes import Mode
from skillpkg.install.ports import ReadPlane, RememberedIndex, TrustState
from skillpkg.install.revocation import FOREVER, Revocations
from skillpkg.install.verified import (
    VerifiedRelease,
    deprecated,
    downgraded,
    moved,
    require_expected,
    yanked,
)

__all__ = ["IndexVersion", "Mode", "PackageIndex", "VerifiedRelease", "Verifier"]


class Verifier:
    """One run against one registry.

    Args:
        read: the registry's static objects.
        trust: its verified trust bundle.
        state: what it has shown before.
        clock: the present time (aware).
    """

    def __init__(
        self,
        read: ReadPlane,
        trust: TrustBundle,
        state: TrustState,
        clock: Callable[[], datetime],
    ) -> None:
        self._read = read
        self._trust = trust
        self._state = state
        self._clock = clock
        self._timestamp: timestamp.Timestamp | None = None
        self._judged: dict[Mode, tuple[str, ...]] = {}
        self._walk: bins.BinWalk | None = None
        self._revocations: Revocations | None = None
        self._log: LogView | None = None

    def open_index(self, ref: Package, *, mode: Mode = Mode.RESOLVE) -> PackageIndex:
        """Fetch and verify a package's index document.

        Args:
            ref: names the package.
            mode: whether a version is to be chosen or was already named by hash.

        Raises:
            VerificationRefused: any check from timestamp-signature to index-rollback, or a
                crl one.
            NotFound: no such package, proven by the registry's signed tree.
            NetworkFailure: the registry could not be reached.
        """
        located = self.locate(ref, mode=mode)
        return self.check_index(located, self.fetch_index(located), mode=mode)

    def fetch_index(self, located: bins.Located) -> bytes:
        """Return an index document, unchecked; safe in any thread.

        Raises:
            VerificationRefused: index-hash, when the promised document is absent.
            NetworkFailure: the registry could not be reached.
        """
        path = located.path
        return fetch(self._read, path, check=Check.INDEX_HASH, max_size=MAX_INDEX, immutable=True)

    def locate(self, ref: Package, *, mode: Mode = Mode.RESOLVE) -> bins.Located:
        """Return which index document the timestamp commits to; fetches tiles and a bin."""
        package = f"{ref.namespace}/{ref.name}"
        self._open_timestamp(mode)
        seen = self._state.index(package)
        try:
            found = self._bins().locate(package)
        except NotFound as error:
            if seen is None:
                raise
            raise memory.vanished(package) from error
        if seen and (found.sequence, found.sha256) != (seen.sequence, seen.sha256):
            memory.require_newer(found, seen)
        return found

    def check_index(
        self, located: bins.Located, data: bytes, *, mode: Mode = Mode.RESOLVE
    ) -> PackageIndex:
        """Verify an index document that was fetched from ``located.path``; no threads.

        Raises:
            VerificationRefused: index-hash, index-signature, index-chain, index-identity,
                revoked or a crl check.
        """
        warnings = self._warnings(mode)
        require_size(data, located.path, Check.INDEX_HASH, MAX_INDEX)
        require_sha256(data, located.sha256, located.path, Check.INDEX_HASH)
        found = index.open_index(data, located, self._trust)
        warnings += self._crls().check(found.chain, found.signed_at, mode)
        self._state.remember_index(
            located.package, RememberedIndex(located.sequence, located.sha256)
        )
        warnings += moved(found)
        return replace(found, mode=mode, warnings=tuple(dict.fromkeys(warnings)))

    def verify_release(
        self, package: PackageIndex, version: str, *, sha256: str | None = None
    ) -> VerifiedRelease:
        """Fetch and verify one version.

        Args:
            package: an index from `open_index`.
            version: one of its versions.
            sha256: of the archive, from a lock or the command line; required where the index
                was opened in exact mode.

        Raises:
            VerificationRefused: any check from archive-size on.
            NotFound: no such version, withdrawn, or its archive is gone.
            NetworkFailure: the registry could not be reached.
        """
        archive, record = self.fetch_release(package, version)
        return self.check_release(package, version, archive, record, sha256=sha256)

    def fetch_release(self, package: PackageIndex, version: str) -> tuple[bytes, bytes]:
        """Return a version's archive and release record, unchecked; safe in any thread.

        Raises:
            NotFound, NetworkFailure: as `verify_release`.
            VerificationRefused: release, when the promised record is absent.
        """
        found = package.find(version)
        path = release.object_path(package, found, "skill")
        size = min(found.size, DEFAULT.compressed)
        archive = self._read.get(path, max_size=size, immutable=True)
        record = fetch(
            self._read,
            release.object_path(package, found, "release"),
            check=Check.RELEASE,
            max_size=MAX_RELEASE,
            immutable=True,
        )
        return archive, record

    def check_release(
        self,
        package: PackageIndex,
        version: str,
        archive: bytes,
        record: bytes,
        *,
        sha256: str | None = None,
    ) -> VerifiedRelease:
        """Verify a version whose archive and release record were fetched already.

        Fetches CRLs, the log's checkpoint and tiles as they are needed, each once a run.

        Raises:
            As `verify_release`.
        """
        found = package.find(version)
        require_expected(package, found, sha256)
        opened = release.open_archive(archive, package, found)
        path = release.object_path(package, found, "release")
        require_size(record, path, Check.RELEASE, MAX_RELEASE)
        parsed = release.parse_release(record, package, found)
        signer = release.verify_signer(archive, parsed, package, found, self._trust)
        warnings = self._crls().check(signer, parsed.trusted_time, package.mode)
        warnings += yanked(package, found) + deprecated(package, found)
        warnings += downgraded(package, found)
        release.require_entry(parsed, signer, package, found, self._trust.registry_id)
        origin = self._require_logged(parsed)
        return VerifiedRelease(
            package=package.package,
            version=found,
            archive=opened,
            signer=signer,
            entry=parsed.entry,
            time=parsed.trusted_time,
            log_origin=origin,
            log_index=parsed.index,
            warnings=tuple(dict.fromkeys(package.warnings + warnings)),
        )

    def _require_logged(self, parsed: release.Release) -> str:
        log = self._logs()
        checkpoint = log.open(parsed.checkpoint, parsed.entry.time)
        release.require_inclusion(parsed, checkpoint)
        log.require_consistent(parsed.checkpoint, checkpoint)
        return checkpoint.origin

    def _open_timestamp(self, mode: Mode) -> timestamp.Timestamp:
        """Return the run's timestamp, fetched once, judged for the mode."""
        if self._timestamp is None:
            data = self._read.get(timestamp.PATH, max_size=MAX_TIMESTAMP, immutable=False)
            require_size(data, timestamp.PATH, Check.TIMESTAMP_SIGNATURE, MAX_TIMESTAMP)
            found = timestamp.open_timestamp(data, self._trust)
            memory.require_not_older(found, self._state.issued_at())
            self._timestamp = found
        if mode not in self._judged:
            self._judged[mode] = self._judge(self._timestamp, mode)
        return self._timestamp

    def _judge(self, found: timestamp.Timestamp, mode: Mode) -> tuple[str, ...]:
        warnings = timestamp.judge(found, self._clock(), mode)
        warnings += self._crls().check(found.chain, FOREVER, mode)
        self._state.remember_issued_at(found.issued_at)
        return warnings

    def _warnings(self, mode: Mode) -> tuple[str, ...]:
        self._open_timestamp(mode)
        return self._judged[mode]

    def _bins(self) -> bins.BinWalk:
        if self._walk is None:
            self._walk = bins.BinWalk(self._read, self._current())
        return self._walk

    def _crls(self) -> Revocations:
        if self._revocations is None:
            promised = self._current().crl_numbers
            self._revocations = Revocations(self._read, self._state, promised, self._clock)
        return self._revocations

    def _logs(self) -> LogView:
        if self._log is None:
            current = self._current()
            self._log = LogView(
                self._read,
                self._state,
                self._trust,
                current.issued_at,
                current.checkpoint_size,
            )
        return self._log

    def _current(self) -> timestamp.Timestamp:
        if self._timestamp is None:
            raise UsageError("open_index comes first: a release is judged under its timestamp.")
        return self._timestamp
