"""Signed notes, their keys and checkpoints."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.crypto import checkpoint as cp
from skillpkg.crypto import note
from skillpkg.crypto.encoding import b64
from skillpkg.crypto.merkle import EMPTY_ROOT
from skillpkg.errors import Check, VerificationRefused
from support.static_registry import Log, issue, root_shape

ORIGIN = "skreg-0123456789abcdef/1"
LOG = Log(ORIGIN, issue(root_shape(), None), [b"a", b"b", b"c"])
ECDSA, ED25519 = note.parse_vkey(LOG.vkey), note.parse_vkey(LOG.ed25519_vkey)
SIGNED = LOG.signed()
# From golang.org/x/mod/sumdb/note's documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKv"
    "qfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def lines(*signed: str) -> bytes:
    return ("text\n\n" + "".join(f"— {line}\n" for line in signed)).encode()


def test_the_note_of_another_implementation() -> None:
    verifier = note.parse_vkey(GO_VKEY)
    assert verifier.algorithm == note.ED25519
    assert note.verified_by(note.parse_note(GO_NOTE.encode()), [verifier]) == (verifier,)


def test_both_lines_of_a_log_verify_and_read_back() -> None:
    parsed = note.parse_note(SIGNED)
    assert note.verified_by(parsed, [ED25519, ECDSA]) == (ECDSA, ED25519)
    assert note.format_note(parsed) == SIGNED


def test_the_key_id_of_ecdsa_is_of_the_key_alone() -> None:
    assert ECDSA.key_id == hashlib.sha256(LOG.key.spki).digest()[:4]
    other = note.parse_vkey(note.vkey_ecdsa("other", LOG.key.spki))
    assert other.key_id == ECDSA.key_id
    assert note.verified_by(note.parse_note(SIGNED), [other]) == ()


def test_the_text_may_hold_blank_lines() -> None:
    """Split at the last blank line (A16)."""
    text = "one\n\n— x AAAAAAA=\n\nthree\n"
    signature = note.NoteSignature("key", b"1234", b"s")
    data = note.format_note(note.Note(text, (signature,)))
    assert note.parse_note(data) == note.Note(text, (signature,))


def test_unknown_keys_are_ignored() -> None:
    """A11: the same name under another id, and a name never seen."""
    parsed = note.parse_note(SIGNED)
    more = (
        note.NoteSignature(ORIGIN, b"abcd", b"anything"),
        note.NoteSignature("witness", ECDSA.key_id, b"anything"),
    )
    widened = note.Note(parsed.text, more + parsed.signatures)
    assert note.verified_by(widened, [ECDSA]) == (ECDSA,)


@pytest.mark.parametrize("known", [[ECDSA, ED25519], [ED25519, ECDSA]])
def test_a_bad_signature_by_a_known_key_refuses_the_whole_note(
    known: list[note.Verifier],
) -> None:
    """A11, A12."""
    parsed = note.parse_note(SIGNED)
    for position, line in enumerate(parsed.signatures):
        bad = note.NoteSignature(line.name, line.key_id, line.signature[:-1] + b"\x00\x01")
        mixed = [*parsed.signatures]
        mixed[position] = bad
        for signatures in (mixed, [*parsed.signatures, bad]):
            with pytest.raises(ValueError, match="known key"):
                note.verified_by(note.Note(parsed.text, tuple(signatures)), known)


def test_duplicates_count_once() -> None:
    """A9."""
    parsed = note.parse_note(SIGNED)
    twice = note.Note(parsed.text, parsed.signatures * 2)
    assert note.verified_by(twice, [ECDSA, ED25519]) == (ECDSA, ED25519)


def test_as_many_lines_as_allowed_and_one_more() -> None:
    """A8."""
    line = "name " + b64(b"12345")
    assert len(note.parse_note(lines(*[line] * 100)).signatures) == 100
    with pytest.raises(ValueError, match="more than 100"):
        note.parse_note(lines(*[line] * 101))
    with pytest.raises(ValueError, match="longer than"):
        note.parse_note(b"x" * 1_000_001)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"text\n\n\xe2\x80\x94 a AAAAAAA=",
        b"te\x00xt\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"te\rxt\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"te\xffxt\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"text\n\n- a AAAAAAA=\n",
        lines("a"),
        lines(" AAAAAAA="),
        lines("a+b AAAAAAA="),
        lines("a\u2003b AAAAAAA="),
        lines("a AAAA"),
        lines("a AAAAAAA"),
        lines("a AAAAAAB="),
        lines("a AAAA AAA="),
        lines("a -_AAAAAAA="),
    ],
)
def test_other_shapes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        note.parse_note(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        parsed = note.parse_note(data)
    except ValueError:
        return
    assert note.format_note(parsed) == data


NAMES = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="+"), min_size=1)
TEXTS = st.text(st.characters(exclude_categories=["C"], include_characters="\n")).map(
    lambda text: text + "\n"
)


@given(
    TEXTS.filter(lambda text: text != "\n"),
    st.lists(st.tuples(NAMES, st.binary(min_size=1, max_size=80)), min_size=1, max_size=8),
)
def test_what_is_written_reads_back(text: str, signed: list[tuple[str, bytes]]) -> None:
    given = note.Note(text, tuple(note.NoteSignature(n, b"iiii", s) for n, s in signed))
    assert note.parse_note(note.format_note(given)) == given


def test_what_would_not_read_back_is_not_written() -> None:
    line = note.NoteSignature("a", b"1234", b"s")
    for bad in (note.Note("no newline", (line,)), note.Note("text\n", ())):
        with pytest.raises(ValueError, match=r".+"):
            note.format_note(bad)
    with pytest.raises(ValueError, match="cannot be written"):
        note.format_note(note.Note("no newline\n\n— a MTIzNHM=", (line,)))


def p384_spki() -> bytes:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def ed25519_spki() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name+00000000",
        LOG.vkey.replace("+", "+0", 1),
        LOG.vkey.replace(ECDSA.key_id.hex(), ECDSA.key_id.hex().upper() + "0"),
        LOG.vkey.replace(ORIGIN, ""),
        LOG.vkey.replace(ORIGIN, "a b"),
        LOG.ed25519_vkey.replace(ORIGIN, "other"),
        LOG.vkey + "=",
        f"{ORIGIN}+{ECDSA.key_id.hex()}+{b64(bytes([4]) + LOG.key.spki)}",
        f"{ORIGIN}+{ECDSA.key_id.hex()}+{b64(bytes([2]) + LOG.key.spki[:-1])}",
        f"{ORIGIN}+{ECDSA.key_id.hex()}+{b64(bytes([1]) + bytes(31))}",
        f"{ORIGIN}+{note.ecdsa_key_id(p384_spki()).hex()}+{b64(bytes([2]) + p384_spki())}",
        f"{ORIGIN}+{note.ecdsa_key_id(ed25519_spki()).hex()}+{b64(bytes([2]) + ed25519_spki())}",
        f"{ORIGIN}+00000000+",
    ],
    ids=[str(number) for number in range(14)],  # the keys are new in every run
)
def test_other_keys_are_refused(vkey: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        note.parse_vkey(vkey)


def test_a_pinned_checkpoint_opens() -> None:
    assert cp.open_checkpoint(SIGNED, [ECDSA, ED25519]) == LOG.checkpoint()


def refused(data: bytes, keys: list[note.Verifier]) -> str:
    with pytest.raises(VerificationRefused) as caught:
        cp.open_checkpoint(data, keys)
    assert caught.value.check is Check.LOG_CHECKPOINT
    return caught.value.why


def test_the_ed25519_line_alone_is_not_enough() -> None:
    """A18."""
    assert "ECDSA" in refused(LOG.signed(ecdsa=False), [ECDSA, ED25519])
    assert "ECDSA" in refused(SIGNED, [ED25519])
    assert "ECDSA" in refused(SIGNED, [])


def test_a_log_does_not_sign_for_another() -> None:
    other = Log("skreg-0123456789abcdef/2", LOG.key, LOG.entries)
    foreign = LOG.signed(other.checkpoint())
    assert "ECDSA" in refused(foreign, [ECDSA])
    refused(SIGNED.replace("— skreg".encode(), b"- skreg"), [ECDSA])
    refused(SIGNED.replace(b"\n3\n", b"\n4\n"), [ECDSA])


@pytest.mark.parametrize("size", ["03", "-3", "+3", str(2**63), str(2**64), "3 ", "٣", "", "3.0"])
def test_sizes_have_one_spelling(size: str) -> None:
    """A13."""
    with pytest.raises(ValueError, match=r".+"):
        cp.parse_checkpoint(f"{ORIGIN}\n{size}\n{b64(bytes(32))}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{ORIGIN}\n3\n",
        f"{ORIGIN}\n3\n{b64(bytes(32))}",
        f"{ORIGIN}\n3\n{b64(bytes(31))}\n",
        f"{ORIGIN}\n3\n{b64(bytes(32))}\n\n",
        f"\n3\n{b64(bytes(32))}\n",
        f"a b\n3\n{b64(bytes(32))}\n",
        f"{ORIGIN}\n0\n{b64(bytes(32))}\n",
    ],
)
def test_other_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cp.parse_checkpoint(text)


def test_the_largest_size_and_the_empty_tree() -> None:
    for size, root in ((2**63 - 1, bytes(32)), (0, EMPTY_ROOT)):
        checkpoint = cp.Checkpoint(ORIGIN, size, root)
        assert cp.parse_checkpoint(cp.format_checkpoint(checkpoint)) == checkpoint


def test_extension_lines_are_kept() -> None:
    checkpoint = cp.Checkpoint(ORIGIN, 1, bytes(32), ("more", "and more"))
    assert cp.parse_checkpoint(cp.format_checkpoint(checkpoint)) == checkpoint
    with pytest.raises(ValueError, match="cannot be written"):
        cp.format_checkpoint(cp.Checkpoint(ORIGIN, 1, bytes(32), ("a\nb",)))


@given(st.text(max_size=200))
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    try:
        checkpoint = cp.parse_checkpoint(text)
    except ValueError:
        return
    assert cp.format_checkpoint(checkpoint) == text
