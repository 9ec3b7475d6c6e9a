"""The release record and the checks on one version that need no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skillpkg import canonical_json
from skillpkg.archive.reader import Archive, read_archive
from skillpkg.crypto import chain, fields, merkle, signatures
from skillpkg.crypto.checkpoint import Checkpoint
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import ArchiveInvalid, Check
from skillpkg.install import submitted
from skillpkg.install.entry import ArchiveEntry, parse_publish
from skillpkg.install.fetching import require_sha256
from skillpkg.install.index import IndexVersion, PackageIndex
from skillpkg.install.modes import refusal
from skillpkg.install.submitted import MAX_PROOF, Submitted

SCHEMA = "skreg.release/1"
_FILE_RULES = ("file-not-listed", "file-missing", "file-size", "file-digest")


@dataclass(frozen=True, slots=True)
class Release:
    """A release record: the detached signature, its chain, and the log's proof.

    ``entry_text`` and ``checkpoint`` are verbatim; ``index`` is the entry's place in the log.
    ``submitted`` is there exactly where a publisher signed.
    """

    signature: bytes
    chain: tuple[bytes, ...]
    entry_text: str
    entry: ArchiveEntry
    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    submitted: Submitted | None = None

    @property
    def trusted_time(self) -> datetime:
        """When the log first says that the signature was there."""
        return self.entry.time if self.submitted is None else self.submitted.time


def object_path(index: PackageIndex, version: IndexVersion, suffix: str) -> str:
    """Return the read-plane path of a version's ``skill``, ``sig`` or ``release``."""
    return f"/packages/{index.package}/{version.version}/{version.sha256}.{suffix}"


def open_archive(data: bytes, index: PackageIndex, version: IndexVersion) -> Archive:
    """Return the archive when bytes, form, files and identity are as promised.

    Raises:
        VerificationRefused: archive-size, archive-sha256, archive-form, archive-files or
            archive-identity.
    """
    named = f"The archive of {index.package}@{version.version}"
    if len(data) != version.size:
        why = f"It has {len(data)} bytes, and {version.size} were promised."
        raise refusal(Check.ARCHIVE_SIZE, f"{named} is not the promised one.", why)
    require_sha256(data, version.sha256, named, Check.ARCHIVE_SHA256)
    try:
        archive = read_archive(data)
    except ArchiveInvalid as error:
        check = Check.ARCHIVE_FILES if error.rule in _FILE_RULES else Check.ARCHIVE_FORM
        raise refusal(check, error.what, f"Rule {error.rule}. {error.why}") from error
    _require_identity(archive, index, version)
    return archive


def parse_release(data: bytes, index: PackageIndex, version: IndexVersion) -> Release:
    """Return the release record that the index commits to; its signature is not judged yet.

    Raises:
        VerificationRefused: release (other bytes, or a record that cannot be read), log-entry or
            submitted-entry (the entry inside cannot be read).
    """
    path = object_path(index, version, "release")
    require_sha256(data, version.release, path, Check.RELEASE)
    try:
        value = canonical_json.loads(data)
        fields.schema(value, SCHEMA)
        text, checkpoint = fields.text(value, "entry"), fields.text(value, "checkpoint")
        parts = (
            fields.binary(value, "signature"),
            fields.binaries(value, "chain", most=4),
            fields.integer(value, "index"),
            fields.binaries(value, "proof", most=MAX_PROOF),
        )
        seen = fields.optional(fields.mapping, value, "submitted")
        first = None if seen is None else submitted.parse(seen, path)
    except ValueError as error:
        raise refusal(Check.RELEASE, f"{path} cannot be read.", str(error)) from error
    return Release(
        parts[0], parts[1], text, _entry(text, path), parts[2], parts[3], checkpoint.encode(), first
    )


def verify_signer(
    archive: bytes,
    release: Release,
    index: PackageIndex,
    version: IndexVersion,
    trust: TrustBundle,
) -> chain.VerifiedChain:
    """Return the chain of the leaf that signed the archive, at the log's trusted time.

    Raises:
        VerificationRefused: signature, chain, chain-time, chain-eku, chain-policy or
            publisher-namespace.
    """
    found = chain.verify_chain(
        release.chain,
        trust.root_certificates,
        release.trusted_time,
        registry_id=trust.registry_id,
    )
    wanted = index.signer_of(version)
    if found.signer_class != wanted:
        raise refusal(
            Check.CHAIN_POLICY,
            f"{index.package} is signed by the wrong kind of signer.",
            f"A {wanted} was promised; a {found.signer_class} signed.",
        )
    if found.signer_class == "publisher" and found.publisher_namespace != index.namespace:
        raise refusal(
            Check.PUBLISHER_NAMESPACE,
            f"{index.package} is signed by another publisher.",
            f"The certificate is for the namespace {found.publisher_namespace}.",
        )
    if not signatures.verify(found.leaf_key, release.signature, archive):
        raise refusal(Check.SIGNATURE, f"The signature of {index.package} is bad.")
    return found


def require_entry(
    release: Release,
    signer: chain.VerifiedChain,
    index: PackageIndex,
    version: IndexVersion,
    registry_id: str,
) -> None:
    """Hold the log's entry to what index, archive and chain say.

    Raises:
        VerificationRefused: log-entry or submitted-entry, naming the field that differs.
    """
    entry, serial = release.entry, signer.leaf.serial_number
    known = version.signer.cert_serial
    pairs = {
        "registry": (entry.registry, registry_id),
        "package": (entry.package, index.package),
        "version": (entry.version, version.version),
        "sha256": (entry.sha256, version.sha256),
        "content_digest": (entry.content_digest, version.content_digest),
        "size": (entry.size, version.size),
        "signer": (entry.signer, version.signer),
        "signer kind": (version.signer.kind, signer.signer_class),
        "signer serial": (known and int(known, 16), known and serial),
        "leaf": (entry.leaf, chain.sha256(signer.leaf)),
        "index": (release.index, version.log_index),
    }
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            raise refusal(
                Check.LOG_ENTRY,
                f"The log entry of {index.package}@{version.version} is of something else.",
                f"Its {name} is {found}, not {wanted}.",
            )
    submitted.require_of(release.submitted, entry, release.index, release.signature)


def require_inclusion(release: Release, checkpoint: Checkpoint) -> None:
    """Prove the entries' places in the log under the release's own checkpoint.

    Raises:
        VerificationRefused: log-proof or submitted-proof.
    """
    leaf = merkle.leaf_hash(release.entry_text.encode("utf-8"))
    included = merkle.verify_inclusion(
        leaf, release.index, checkpoint.size, release.proof, checkpoint.root
    )
    if not included:
        raise refusal(
            Check.LOG_PROOF,
            f"{release.entry.package}@{release.entry.version} is not proven to be in the log.",
            f"The proof for entry {release.index} does not lead to the root of "
            f"{checkpoint.origin} at {checkpoint.size}.",
        )
    if release.submitted is not None:
        submitted.require_included(release.submitted, checkpoint)


def _entry(text: str, path: str) -> ArchiveEntry:
    try:
        return parse_publish(text)
    except ValueError as error:
        raise refusal(
            Check.LOG_ENTRY, f"The log entry in {path} cannot be read.", str(error)
        ) from error


def _require_identity(archive: Archive, index: PackageIndex, version: IndexVersion) -> None:
    manifest = archive.manifest
    pairs = (
        ("package", manifest.package, index.package),
        ("version", manifest.version.text, version.version),
        ("content digest", archive.content_digest, version.content_digest),
        ("dependencies", dict(manifest.dependencies), dict(version.dependencies)),
    )
    for name, found, wanted in pairs:
        if found != wanted:
            raise refusal(
                Check.ARCHIVE_IDENTITY,
                f"The archive is not {index.package}@{version.version}.",
                f"Its {name} is {found}, not {wanted}.",
            )
