"""The log's `submitted` entry of a release: since when a publisher's signature is there.

A version may wait long for its review. What counts for the publisher's certificate is when the
log first saw the signature, not when the version was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import fields, merkle
from skillpkg.crypto.checkpoint import Checkpoint
from skillpkg.errors import Check
from skillpkg.install.entry import ArchiveEntry, SubmittedEntry, parse_submitted
from skillpkg.install.modes import refusal

MAX_PROOF = 63


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted entry, verbatim and read, and the proof of its place in the log.

    It is proven under the checkpoint of its release, which covers the later publish entry too.
    """

    entry_text: str
    entry: SubmittedEntry
    index: int
    proof: tuple[bytes, ...]

    @property
    def time(self) -> datetime:
        """When the log saw the signature."""
        return self.entry.archive.time


def parse(value: JsonObject, where: str) -> Submitted:
    """Return what stands in a release record under ``submitted``.

    Args:
        where: names the record in errors.

    Raises:
        ValueError: a field of the record is missing or of the wrong type.
        VerificationRefused: submitted-entry, the entry inside cannot be read.
    """
    text = fields.text(value, "entry")
    index = fields.integer(value, "index")
    proof = fields.binaries(value, "proof", most=MAX_PROOF)
    try:
        return Submitted(text, parse_submitted(text), index, proof)
    except ValueError as error:
        what = f"The submitted entry in {where} cannot be read."
        raise refusal(Check.SUBMITTED_ENTRY, what, str(error)) from error


def require_of(
    found: Submitted | None, published: ArchiveEntry, index: int, signature: bytes
) -> None:
    """Hold the submitted entry to the publish entry, which holds to all else.

    Args:
        index: the publish entry's place in the log.
        signature: DER, as the release has it.

    Raises:
        VerificationRefused: submitted-entry: there is none though a publisher signed, there is
            one though the registry did, or it is of something else.
    """
    of = f"{published.package}@{published.version}"
    if (found is None) != (published.signer.kind == "registry"):
        why = "Releases that a publisher signed have one, and no others."
        raise refusal(Check.SUBMITTED_ENTRY, f"The submitted entry of {of} is amiss.", why)
    if found is None:
        return
    for name, (is_, wanted) in _pairs(found, published, signature).items():
        if is_ != wanted:
            what = f"The submitted entry of {of} is of something else."
            raise refusal(Check.SUBMITTED_ENTRY, what, f"Its {name} is {is_}, not {wanted}.")
    entry = found.entry.archive
    before = entry.seq < published.seq and found.index < index and entry.time <= published.time
    if not before:
        what = f"The submitted entry of {of} is not before its publish entry."
        raise refusal(Check.SUBMITTED_ENTRY, what)


def require_included(found: Submitted, checkpoint: Checkpoint) -> None:
    """Prove the entry's place in the log under its release's checkpoint.

    Raises:
        VerificationRefused: submitted-proof.
    """
    leaf = merkle.leaf_hash(found.entry_text.encode("utf-8"))
    if not merkle.verify_inclusion(
        leaf, found.index, checkpoint.size, found.proof, checkpoint.root
    ):
        entry = found.entry.archive
        raise refusal(
            Check.SUBMITTED_PROOF,
            f"The submission of {entry.package}@{entry.version} is not proven to be in the log.",
            f"The proof for entry {found.index} does not lead to the root of "
            f"{checkpoint.origin} at {checkpoint.size}.",
        )


def _pairs(
    found: Submitted, published: ArchiveEntry, signature: bytes
) -> dict[str, tuple[object, object]]:
    """Return what the entry says, each with what it must say, by the name of the field."""
    entry = found.entry.archive
    same = ("registry", "package", "version", "sha256", "content_digest", "size", "signer", "leaf")
    pairs: dict[str, tuple[object, object]] = {
        name: (getattr(entry, name), getattr(published, name)) for name in same
    }
    return pairs | {"signature": (found.entry.signature, sha256(signature).hexdigest())}
