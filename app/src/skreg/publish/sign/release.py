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
class Release:
    """The parts of a ``.release``.

    Attributes:
        signature: DER ECDSA over the archive, by the first certificate of ``chain``.
        chain: DER, leaf first, then the intermediate.
        entry: the version's log entry, verbatim.
        index: of the entry in the log.
        proof: its inclusion proof under ``checkpoint``.
        checkpoint: the signed note, verbatim.
    """

    signature: bytes
    chain: tuple[bytes, ...]
    entry: bytes
    index: int
    proof: Sequence[bytes]
    checkpoint: bytes

    def to_bytes(self) -> bytes:
        """Return the record as canonical JSON.

        Raises:
            ReleaseInvalid: the proof does not hold under the checkpoint; no client would install.
        """
        self._require_included()
        record: JsonObject = {
            "schema": SCHEMA,
            "signature": b64(self.signature),
            "chain": [b64(der) for der in self.chain],
            "entry": self.entry.decode("utf-8"),
            "index": self.index,
            "proof": [b64(one) for one in self.proof],
            "checkpoint": self.checkpoint.decode("utf-8"),
        }
        return canonical_json.dumps(record)

    def _require_included(self) -> None:
        try:
            tree = parse_checkpoint(parse_note(self.checkpoint).text)
        except ValueError as error:
            raise _invalid(f"The checkpoint cannot be read: {error}.") from error
        leaf = leaf_hash(self.entry)
        if not verify_inclusion(leaf, self.index, tree.size, self.proof, tree.root):
            raise _invalid(
                f"Entry {self.index} is not proved to be in the log of {tree.size} entries."
            )


def _invalid(why: str) -> ReleaseInvalid:
    return ReleaseInvalid(
        "The release record cannot be built; nothing was published.",
        why=why,
        fix="Integrate the log first, then prove the entry under the checkpoint that it returned.",
    )
