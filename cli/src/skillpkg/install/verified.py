"""The verifier's result, and what a caller may take as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skillpkg.archive.reader import Archive
from skillpkg.crypto.chain import VerifiedChain
from skillpkg.errors import Check, UsageError
from skillpkg.install.entry import ArchiveEntry
from skillpkg.install.index import IndexVersion, PackageIndex
from skillpkg.install.modes import Mode, refusal


@dataclass(frozen=True, slots=True)
class VerifiedRelease:
    """A version that passed every check.

    ``time`` is the trusted time of its signature; ``log_origin`` and ``log_index`` say where the
    public can find it; ``warnings`` are sentences for the user.
    """

    package: str
    version: IndexVersion
    archive: Archive
    signer: VerifiedChain
    entry: ArchiveEntry
    time: datetime
    log_origin: str
    log_index: int
    warnings: tuple[str, ...]


def require_expected(package: PackageIndex, found: IndexVersion, sha256: str | None) -> None:
    """Hold a version to the sha256 from a lock; exact mode demands that there is one.

    Raises:
        VerificationRefused: archive-sha256.
        UsageError: exact mode, and no sha256 was given.
    """
    if package.mode is Mode.EXACT and sha256 is None:
        raise UsageError(
            f"{package.package}@{found.version} was asked for exactly, without its sha256.",
            fix="Give the sha256 from the lock file, or resolve again.",
        )
    if sha256 is not None and sha256.lower() != found.sha256:
        raise refusal(
            Check.ARCHIVE_SHA256,
            f"{package.package}@{found.version} is not what was locked.",
            f"The lock names {sha256}; the registry's index names {found.sha256}.",
            "Do not install it: published bytes never change.",
        )


def yanked(package: PackageIndex, found: IndexVersion) -> tuple[str, ...]:
    """Return the warning about a yanked version, if it is one."""
    if found.state != "yanked":
        return ()
    return (f"{package.package}@{found.version} was yanked by its publisher.",)


def deprecated(package: PackageIndex, found: IndexVersion) -> tuple[str, ...]:
    """Return what the publisher says of a deprecated version, if it is one."""
    if found.deprecated is None:
        return ()
    return (f"{package.package}@{found.version} is deprecated: {found.deprecated}",)


def moved(package: PackageIndex) -> tuple[str, ...]:
    """Return where a package goes on, if it does under another name."""
    if package.moved_to is None:
        return ()
    return (f"{package.package} goes on as {package.moved_to}: new versions are there.",)


def downgraded(package: PackageIndex, found: IndexVersion) -> tuple[str, ...]:
    """Return the warning about a version that its publisher did not sign, after one it did."""
    if found.signer.kind == "publisher":
        return ()
    before = (one for one in package.versions.values() if one.log_index < found.log_index)
    if not any(one.signer.kind == "publisher" for one in before):
        return ()
    return (
        f"{package.package}@{found.version} is signed by the registry alone, and a version before "
        "it by its publisher.",
    )
