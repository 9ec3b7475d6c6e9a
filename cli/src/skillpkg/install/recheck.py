"""Check installed files again, offline: files, content digest, record, signature, log, pinned root.

The log's entry names the digest of the canonical tar, and that tar can be built again from the
installed files. So nothing on this machine but the pinned root has to be believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skillpkg import canonical_json
from skillpkg.archive import tar
from skillpkg.archive.reader import MANIFEST
from skillpkg.archive.tar import Member, mode_of
from skillpkg.crypto import fields
from skillpkg.crypto.chain import VerifiedChain, verify_chain
from skillpkg.crypto.checkpoint import open_checkpoint
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, ManifestInvalid, NetworkFailure, VerificationRefused
from skillpkg.install import submitted
from skillpkg.install.altered import compare, walk
from skillpkg.install.entry import ArchiveEntry, parse_publish
from skillpkg.install.index import IndexVersion, PackageIndex
from skillpkg.install.modes import Mode
from skillpkg.install.ports import TrustState
from skillpkg.install.release import Release, parse_release, require_entry, require_inclusion
from skillpkg.install.revocation import Revocations
from skillpkg.installed import InstalledPackage
from skillpkg.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Rechecked:
    """An installed version that is still what was signed; ``warnings`` are for the user."""

    package: InstalledPackage
    signer: VerifiedChain
    time: datetime
    warnings: tuple[str, ...]


def recheck(
    package: InstalledPackage,
    folder: Path,
    record: bytes | None,
    trust: TrustBundle,
    state: TrustState,
    clock: Callable[[], datetime],
) -> Rechecked:
    """Check one installed version without the network.

    Args:
        folder: its files.  record: its release record, as it was kept at install.
        trust: the registry's bundle, checked against the pinned root.

    Raises:
        VerificationRefused: store, the files were changed; or the check of TRUST.md that the
            record fails.
    """
    if record is None:
        raise _changed(package, "Its release record is gone.")
    content = hashlib.sha256(tar.encode(read_members(package, folder))).hexdigest()
    chain, entry, at = _read_record(package, record)
    signer = verify_chain(chain, trust.root_certificates, at, registry_id=trust.registry_id)
    if entry.content_digest != content:
        raise _changed(package, f"Its files make {content}; the log has {entry.content_digest}.")
    index, version = _as_index(package, entry, signer, hashlib.sha256(record).hexdigest())
    release = parse_release(record, index, version)
    require_entry(release, signer, index, version, trust.registry_id)
    _require_publisher(package, signer)
    _require_signature(package, release, signer)
    keys = trust.log_keys(entry.time)
    require_inclusion(release, open_checkpoint(release.checkpoint, keys))
    return Rechecked(package, signer, at, _revocation(signer, at, state, clock))


def read_members(package: InstalledPackage, folder: Path) -> list[Member]:
    """Read the installed files and hold them to their manifest, naming each that differs.

    Raises:
        VerificationRefused: store.
    """
    try:
        files = {path: (folder / path).read_bytes() for path in sorted(walk(folder))}
        listed = {f.path: f.sha256 for f in Manifest.from_bytes(files.get(MANIFEST, b"")).files}
    except (OSError, ManifestInvalid) as error:
        raise _changed(package, str(error)) from error
    if problems := compare(files, listed):
        raise _changed(package, "\n".join(problems[:20]))
    return [Member(path, mode_of(data), data) for path, data in files.items()]


def _read_record(
    package: InstalledPackage, record: bytes
) -> tuple[tuple[bytes, ...], ArchiveEntry, datetime]:
    """Return the record's chain, its publish entry, and the trusted time of the signature."""
    try:
        value = canonical_json.loads(record)
        entry = parse_publish(fields.text(value, "entry"))
        seen = fields.optional(fields.mapping, value, "submitted")
        first = None if seen is None else submitted.parse(seen, package.package)
        chain = fields.binaries(value, "chain", most=4)
        return chain, entry, entry.time if first is None else first.time
    except ValueError as error:
        raise VerificationRefused(
            Check.RELEASE,
            f"The release record of {package.package}@{package.version} cannot be read.",
            why=str(error),
            fix=_reinstall(package),
        ) from error


def _as_index(
    package: InstalledPackage, entry: ArchiveEntry, signer: VerifiedChain, digest: str
) -> tuple[PackageIndex, IndexVersion]:
    """Return what the registry's index would say of this version, from what the store says."""
    version = IndexVersion(
        version=package.version.text,
        sha256=package.sha256,
        content_digest=entry.content_digest,
        size=entry.size,
        release=digest,
        signer=package.signer,
        dependencies={},
        state="published",
        deprecated=None,
        published_at=entry.time,
        log_index=package.log_index,
    )
    index = PackageIndex(
        namespace=package.namespace,
        name=package.name,
        sequence=1,
        signed_at=entry.time,
        signer_class=signer.signer_class,
        dist_tags={},
        versions={version.version: version},
        advisories=(),
        chain=signer,
    )
    return index, version


def _require_publisher(package: InstalledPackage, signer: VerifiedChain) -> None:
    named = signer.publisher_namespace
    if named is not None and named != package.namespace:
        raise VerificationRefused(
            Check.PUBLISHER_NAMESPACE,
            f"{package.package} is signed by another publisher.",
            why=f"The certificate is for the namespace {named}.",
            fix=_reinstall(package),
        )


def _require_signature(package: InstalledPackage, release: Release, signer: VerifiedChain) -> None:
    """Check the archive's signature by its sha256, which is what ECDSA signs."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
    try:
        signer.leaf_key.verify(release.signature, bytes.fromhex(package.sha256), algorithm)
    except InvalidSignature as error:
        raise VerificationRefused(
            Check.SIGNATURE, f"The signature of {package.package}@{package.version} is bad."
        ) from error


class _Offline:
    """A read plane that reaches nothing: only what is remembered counts."""

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Refuse."""
        raise NetworkFailure("This check uses no network.", why=path)


def _revocation(
    signer: VerifiedChain, at: datetime, state: TrustState, clock: Callable[[], datetime]
) -> tuple[str, ...]:
    """Judge by the revocation lists that were kept; without one, say so."""
    lists = Revocations(_Offline(), state, {}, clock)
    try:
        return lists.check(signer, at, Mode.EXACT)
    except NetworkFailure:
        return ("No revocation list is kept here, so revocation was not checked.",)


def _changed(package: InstalledPackage, why: str) -> VerificationRefused:
    return VerificationRefused(
        Check.STORE,
        f"{package.package}@{package.version} is not as it was installed.",
        why=why,
        fix=_reinstall(package),
    )


def _reinstall(package: InstalledPackage) -> str:
    name = f"{package.package}@{package.version}"
    return f"Type: skillpkg uninstall {name} && skillpkg install {name}"
