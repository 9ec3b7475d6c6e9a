"""The release record: all that a client needs to trust one archive without asking again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto.checkpoint import parse_checkpoint
from skillpkg.crypto.encoding import b64
from skillpkg.crypto.merkle import leaf_hash, verify_inclusion
from skillpkg.crypto.note import parse_note
from skreg.errors import ReleaseInvalid

SCHEMA: Final = "skreg.release/1"


@dataclass(frozen=True, slots=True)
class Proven:
    """A log entry, verbatim, with its index and inclusion proof under a release's checkpoint."""

    entry: bytes
    index: int
    proof: Sequence[bytes]

    def to_json(self) -> JsonObject:
        """Return the entry's part of the record."""
        return {
            "entry": self.entry.decode("utf-8"),
            "index": self.index,
            "proof": [b64(one) for one in self.proof],
        }


@dataclass(frozen=True, slots=True)
class Release:
    """The parts of a ``.release``.

    Attributes:
        signature: DER ECDSA over the archive, by the first certificate of ``chain``.
        chain: DER, leaf first, then the intermediate.
        published: the version's publish entry.
        checkpoint: the signed note, verbatim; it covers both entries.
        submitted: the entry about a publisher's signature; None where the registry signed.
    """

    signature: bytes
    chain: tuple[bytes, ...]
    published: Proven
    checkpoint: bytes
    submitted: Proven | None = None

    def to_bytes(self) -> bytes:
        """Return the record as canonical JSON.

        Raises:
            ReleaseInvalid: a proof does not hold under the checkpoint; no client would install.
        """
        self._require_included()
        first: JsonObject = (
            {} if self.submitted is None else {"submitted": self.submitted.to_json()}
        )
        record: JsonObject = {
            "schema": SCHEMA,
            "signature": b64(self.signature),
            "chain": [b64(der) for der in self.chain],
            "checkpoint": self.checkpoint.decode("utf-8"),
        }
        return canonical_json.dumps(record | self.published.to_json() | first)

    def _require_included(self) -> None:
        try:
            tree = parse_checkpoint(parse_note(self.checkpoint).text)
        except ValueError as error:
            raise _invalid(f"The checkpoint cannot be read: {error}.") from error
        for one in (self.published, self.submitted):
            if one is not None and not verify_inclusion(
                leaf_hash(one.entry), one.index, tree.size, one.proof, tree.root
            ):
                raise _invalid(
                    f"Entry {one.index} is not proved to be in the log of {tree.size} entries."
                )


def _invalid(why: str) -> ReleaseInvalid:
    return ReleaseInvalid(
        "The release record cannot be built; nothing was published.",
        why=why,
        fix="Integrate the log first, then prove the entry under the checkpoint that it returned.",
    )
