"""C2SP signed-note: a text with signature lines, and the keys (vkeys) that verify them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skillpkg.crypto import signatures
from skillpkg.crypto.encoding import b64, unb64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ED25519 = 0x01
ECDSA = 0x02
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NO_NAME = re.compile(r"[\s+\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its 4-byte id, and the signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text ending in a newline, and its signature lines in order; nothing is verified."""

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that verifies notes: known by name and id together, never by one of them."""

    name: str
    key_id: bytes
    algorithm: int
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey = field(compare=False)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` over the note's text is by this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ed25519

        if not isinstance(self.key, ed25519.Ed25519PublicKey):
            return signatures.verify(self.key, signature, text)
        try:
            self.key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


def parse_note(data: bytes) -> Note:
    """Read a signed note, splitting text from signatures at the last blank line.

    Raises:
        ValueError: longer than `MAX_NOTE`, not UTF-8, control characters, no text, no
            signature line or more than `MAX_SIGNATURES`, a line in another form.
    """
    if len(data) > MAX_NOTE:
        raise ValueError(f"the note is longer than {MAX_NOTE} bytes")
    whole = data.decode("utf-8")
    if _CONTROL.search(whole):
        raise ValueError("the note holds a control character")
    text, blank, signed = whole.rpartition("\n\n")
    if not blank or not text or not signed.endswith("\n"):
        raise ValueError("the note has no text, no blank line or no signature lines")
    lines = signed[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ValueError(f"the note carries more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_parse_line(line) for line in lines))


def format_note(note: Note) -> bytes:
    """Return the note's bytes.

    Raises:
        ValueError: they would not read back as this note.
    """
    lines = [f"{_DASH}{one.name} {b64(one.key_id + one.signature)}\n" for one in note.signatures]
    data = (note.text + "\n" + "".join(lines)).encode("utf-8")
    if parse_note(data) != note:
        raise ValueError("the text or a signature line cannot be written as a note")
    return data


def verified_by(note: Note, verifiers: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Return the known keys that signed the note, each once; unknown lines are ignored.

    Raises:
        ValueError: a line names a known key but its signature is bad.
    """
    known = {(one.name, one.key_id): one for one in verifiers}
    text = note.text.encode("utf-8")
    found: dict[Verifier, None] = {}
    for line in note.signatures:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            continue
        if not verifier.verify(text, line.signature):
            raise ValueError(f"the signature by the known key {line.name} is bad")
        found[verifier] = None
    return tuple(found)


def parse_vkey(vkey: str) -> Verifier:
    """Read ``<name>+<hex id>+<base64 of type and public key>`` of type Ed25519 or ECDSA.

    Raises:
        ValueError: another form, type or curve, or an id that is not the key's.
    """
    parts = vkey.split("+", 2)
    if len(parts) != 3:
        raise ValueError("a verifier key is written name+id+key")
    material = unb64(parts[2])
    read = {b"\x01": _ed25519, b"\x02": _ecdsa}.get(material[:1])
    if read is None:
        raise ValueError("the verifier key is neither Ed25519 (1) nor ECDSA (2)")
    verifier = read(require_key_name(parts[0]), material[1:])
    if parts[1] != verifier.key_id.hex():
        raise ValueError("the verifier key's id is not that of its key")
    return verifier


def vkey_ecdsa(name: str, spki_der: bytes) -> str:
    """Return the vkey of an ECDSA P-256 key from its DER SubjectPublicKeyInfo."""
    verifier = _ecdsa(require_key_name(name), spki_der)
    return f"{name}+{verifier.key_id.hex()}+{b64(bytes([ECDSA]) + spki_der)}"


def vkey_ed25519(name: str, public_key: bytes) -> str:
    """Return the vkey of an Ed25519 key from its 32 raw bytes."""
    verifier = _ed25519(require_key_name(name), public_key)
    return f"{name}+{verifier.key_id.hex()}+{b64(bytes([ED25519]) + public_key)}"


def ecdsa_key_id(spki_der: bytes) -> bytes:
    """Return the id of an ECDSA key: the name is not part of it, so match name and id both."""
    return hashlib.sha256(spki_der).digest()[:4]


def ed25519_key_id(name: str, public_key: bytes) -> bytes:
    """Return the id of an Ed25519 key under a name."""
    return hashlib.sha256(name.encode("utf-8") + b"\n\x01" + public_key).digest()[:4]


def require_key_name(name: str) -> str:
    """Return ``name`` when it can name a key.

    Raises:
        ValueError: empty, or it holds white space, a control character or a plus sign.
    """
    if not name or _NO_NAME.search(name):
        raise ValueError(f"not a key name: {name[:60]!r}")
    return name


def _parse_line(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise ValueError("a signature line is not written as a dash, a name and base64")
    material = unb64(encoded)
    if len(material) < 5:
        raise ValueError("a signature line holds no signature")
    return NoteSignature(require_key_name(name), material[:4], material[4:])


def _ed25519(name: str, public_key: bytes) -> Verifier:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PublicKey.from_public_bytes(public_key)
    return Verifier(name, ed25519_key_id(name, public_key), ED25519, key)


def _ecdsa(name: str, spki_der: bytes) -> Verifier:
    return Verifier(name, ecdsa_key_id(spki_der), ECDSA, signatures.load_p256(spki_der))
