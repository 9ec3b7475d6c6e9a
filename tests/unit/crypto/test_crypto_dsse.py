"""Envelopes, signatures and the strict text forms beneath them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.crypto import dsse, encoding, fields, names, signatures
from support.certificates import new_key

KEY = new_key()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PAYLOAD = b'{"a":1}'


def sign(message: bytes, digest: hashes.HashAlgorithm | None = None) -> bytes:
    return KEY.sign(message, ec.ECDSA(digest or hashes.SHA256()))


def envelope(kind: str = dsse.INDEX_TYPE, payload: bytes = PAYLOAD) -> dsse.Envelope:
    one = dsse.EnvelopeSignature(sign(dsse.pae(kind, payload)), (b"leaf", b"ca"))
    return dsse.Envelope(kind, payload, (one,))


def test_pae_of_the_specification() -> None:
    assert (
        dsse.pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert dsse.pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_an_envelope_reads_back_and_verifies() -> None:
    parsed = dsse.parse(dsse.to_bytes(envelope()))
    assert parsed == envelope() or parsed.payload == PAYLOAD
    assert dsse.verify_signature(parsed, 0, KEY.public_key())


def test_type_and_payload_are_bound() -> None:
    """B21: the same bytes under another type."""
    good = envelope()
    for kind, payload in ((dsse.TRUST_TYPE, PAYLOAD), (dsse.INDEX_TYPE, PAYLOAD + b" ")):
        assert not dsse.verify_signature(
            dsse.Envelope(kind, payload, good.signatures), 0, KEY.public_key()
        )


def test_each_signature_is_judged_by_its_number() -> None:
    """B21: a good one after a bad one does not heal it."""
    good = envelope()
    two = dsse.Envelope(
        good.payload_type, good.payload, (dsse.EnvelopeSignature(b"bad", ()), *good.signatures)
    )
    assert not dsse.verify_signature(two, 0, KEY.public_key())
    assert dsse.verify_signature(two, 1, KEY.public_key())


def document(**changes: object) -> bytes:
    value = json.loads(dsse.to_bytes(envelope()))
    value.update(changes)
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


SIGNATURE = {"chain": [], "keyid": "", "sig": "AAAA"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        document(extra=1),
        document(payload=None),
        document(payload="AAA"),
        document(payload="AAB="),
        document(payloadType=3),
        document(signatures=[]),
        document(signatures={}),
        document(signatures=["x"]),
        document(signatures=[SIGNATURE] * 17),
        document(signatures=[SIGNATURE | {"chain": ["AAAA"] * 5}]),
        document(signatures=[SIGNATURE | {"chain": [3]}]),
        document(signatures=[SIGNATURE | {"chain": "AAAA"}]),
        document(signatures=[SIGNATURE | {"alg": "none"}]),
        document(signatures=[{"sig": "AAAA", "chain": []}]),
        document().replace(b":", b": ", 1),
        document().replace(b'"payload":', b'"payload":"AAAA","payload":', 1),
    ],
)
def test_other_envelopes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        dsse.parse(data)


@given(
    st.text(max_size=20),
    st.binary(max_size=60),
    st.lists(
        st.builds(
            dsse.EnvelopeSignature,
            st.binary(max_size=80),
            st.lists(st.binary(max_size=30), max_size=4).map(tuple),
            st.text(max_size=8),
        ),
        min_size=1,
        max_size=16,
    ).map(tuple),
)
def test_what_is_written_reads_back(
    kind: str, payload: bytes, signed: tuple[dsse.EnvelopeSignature, ...]
) -> None:
    given = dsse.Envelope(kind, payload, signed)
    assert dsse.parse(dsse.to_bytes(given)) == given


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    try:
        parsed = dsse.parse(data)
    except ValueError:
        return
    assert dsse.to_bytes(parsed) == data


def der(r: bytes, s: bytes) -> bytes:
    numbers = b"".join(b"\x02" + bytes([len(n)]) + n for n in (r, s))
    return b"\x30" + bytes([len(numbers)]) + numbers


def forms() -> dict[str, bytes]:
    good = sign(PAYLOAD)
    r, s = decode_dss_signature(good)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return {
        "empty": b"",
        "raw": raw,
        "trailing": good + b"\x00",
        "long length": b"\x30\x81" + good[1:],
        "indefinite length": b"\x30\x80" + good[2:] + b"\x00\x00",
        "padded integers": der(bytes(3) + raw[:32], bytes(3) + raw[32:]),
        "r = 0": encode_dss_signature(0, s),
        "s = 0": encode_dss_signature(r, 0),
        "r + n": encode_dss_signature(r + ORDER, s),
        "s + n": encode_dss_signature(r, s + ORDER),
        "negative s": der(raw[:32], b"\xff" + raw[32:]),
        "SHA-384": sign(PAYLOAD, hashes.SHA384()),
        "SHA-1": sign(PAYLOAD, hashes.SHA1()),
        "other message": sign(PAYLOAD + b"x"),
    }


@pytest.mark.parametrize("form", list(forms()))
def test_signatures_have_one_form(form: str) -> None:
    """B19, B20."""
    assert not signatures.verify(KEY.public_key(), forms()[form], PAYLOAD)


def test_the_twin_verifies_so_bytes_are_no_identity() -> None:
    r, s = decode_dss_signature(sign(PAYLOAD))
    assert signatures.verify(KEY.public_key(), encode_dss_signature(r, ORDER - s), PAYLOAD)


def test_keys_are_p256() -> None:
    public = KEY.public_key()
    assert signatures.load_p256(signatures.spki(public)) == public
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    for bad in (b"", b"\x30\x00", signatures.spki(p384), signatures.spki(public) + b"\x00"):
        with pytest.raises(ValueError, match="key"):
            signatures.load_p256(bad)


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_times_read_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert encoding.parse_time(encoding.format_time(whole)) == whole


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T04:00:00+00:00",
        "2026-11-21T04:00:00.0Z",
        "2026-11-21 04:00:00Z",
        "2026-11-21T04:00:00z",
        "2026-11-21T04:00Z",
        "2026-13-21T04:00:00Z",
        "2026-11-21T24:00:00Z\n",
        "٢026-11-21T04:00:00Z",
    ],
)
def test_times_have_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encoding.parse_time(text)


@given(st.text(max_size=30))
def test_base64_has_one_spelling(text: str) -> None:
    try:
        data = encoding.unb64(text)
    except ValueError:
        return
    assert encoding.b64(data) == text


def test_fields_name_what_is_wrong() -> None:
    value = {
        "n": -1,
        "flag": True,
        "s": 3,
        "l": [1],
        "d": "AB" * 32,
        "o": [],
        "t": "x",
        "m": {"a": "b"},
    }
    reads = {
        "n": fields.integer,
        "flag": fields.integer,
        "s": fields.text,
        "d": fields.digest,
        "o": fields.mapping,
        "t": fields.moment,
        "m": fields.integer_map,
        "gone": fields.text,
    }
    for key, read in reads.items():
        with pytest.raises(ValueError, match=r"^(a|flag|gone|[a-z]):"):
            read(value, key)
    with pytest.raises(ValueError, match=r"^l: expected strings"):
        fields.strings(value, "l", most=9)
    with pytest.raises(ValueError, match=r"^l: expected a list of at most 0"):
        fields.strings(value, "l", most=0)
    with pytest.raises(ValueError, match=r"^schema: expected"):
        fields.schema(value, "skreg.index/1")
    assert fields.optional(fields.text, value, "gone") is None


def test_identities_and_paths() -> None:
    identity = "0123456789abcdef"
    assert names.parse_uri(names.registry_uri(identity)) == (identity, None)
    assert names.parse_uri(names.publisher_uri(identity, "acme")) == (identity, "acme")
    for bad in (
        "urn:skreg:0123:registry",
        f"urn:skreg:{identity}:publisher:",
        f"urn:skreg:{identity}:publisher:Acme",
        f"urn:skreg:{identity}:registry:x",
        f"urn:skreg:{identity}:registry\n",
    ):
        with pytest.raises(ValueError, match="identity"):
            names.parse_uri(bad)
    assert names.log_origin(identity) == f"skreg-{identity}/1"
    assert names.crl_path(identity) == f"/crl/{identity}.crl"
    assert names.is_registry_id(identity)
    assert not names.is_registry_id(identity.upper())
    assert names.is_fingerprint(names.fingerprint(b"x"))
    assert not names.is_fingerprint("sha256:" + "0" * 63)
