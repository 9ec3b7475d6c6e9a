"""C2SP tlog-checkpoint: the signed size and root of a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillpkg.crypto.encoding import b64, number, printable, unb64
from skillpkg.crypto.merkle import EMPTY_ROOT, HASH_SIZE
from skillpkg.crypto.note import ECDSA, Verifier, parse_note, require_key_name, verified_by
from skillpkg.errors import Check, VerificationRefused


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one log: ``size`` entries under ``root``. Extension lines are kept as read."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint note.

    Raises:
        ValueError: fewer than three lines, an empty one, a size or root in another spelling,
            or an empty tree with a root that is not SHA-256 of nothing.
    """
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines):
        raise ValueError("a checkpoint has at least three lines and no empty one")
    size, root = number(lines[1]), unb64(lines[2])
    if len(root) != HASH_SIZE or (size == 0 and root != EMPTY_ROOT):
        raise ValueError("the root is not a hash that a tree of this size can have")
    return Checkpoint(require_key_name(lines[0]), size, root, tuple(lines[3:]))


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the text that a log signs.

    Raises:
        ValueError: it would not read back as this checkpoint.
    """
    lines = (
        checkpoint.origin,
        str(checkpoint.size),
        b64(checkpoint.root),
        *checkpoint.extensions,
    )
    text = "".join(line + "\n" for line in lines)
    if parse_checkpoint(text) != checkpoint:
        raise ValueError("the checkpoint cannot be written: its values break the format")
    return text


def open_checkpoint(data: bytes, vkeys: Sequence[Verifier]) -> Checkpoint:
    """Return the checkpoint of a note that a pinned log's ECDSA key signed.

    Args:
        data: the note, verbatim.
        vkeys: the log keys to believe. An Ed25519 line alone never suffices: only the ECDSA
            key is held in hardware.

    Raises:
        VerificationRefused: log-checkpoint.
    """
    try:
        note = parse_note(data)
        checkpoint = parse_checkpoint(note.text)
        signers = verified_by(note, vkeys)
    except ValueError as error:
        raise _refused(f"The log's checkpoint cannot be believed: {error}.") from error
    if not any(one.algorithm == ECDSA and one.name == checkpoint.origin for one in signers):
        raise _refused(f"No pinned ECDSA key of the log {checkpoint.origin} signed the checkpoint.")
    return checkpoint


def _refused(why: str) -> VerificationRefused:
    return VerificationRefused(
        Check.LOG_CHECKPOINT,
        "The checkpoint of the transparency log was refused.",
        why=printable(why),
        fix="Fetch the trust bundle again; if it stays so, tell the registry's operator.",
    )
