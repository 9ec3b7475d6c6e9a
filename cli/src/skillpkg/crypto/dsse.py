"""DSSE envelopes (Dead Simple Signing Envelope, v1) in canonical JSON.

The signature covers the payload's type and its exact bytes, so a document of one kind never
passes for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import fields, signatures
from skillpkg.crypto.encoding import b64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

INDEX_TYPE = "application/vnd.skreg.index.v1+json"
TIMESTAMP_TYPE = "application/vnd.skreg.timestamp.v1+json"
TRUST_TYPE = "application/vnd.skreg.trust.v1+json"
MAX_SIGNATURES = 16
MAX_CHAIN = 4


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature: DER ECDSA over the PAE, with its chain as DER, leaf first."""

    sig: bytes
    chain: tuple[bytes, ...]
    keyid: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its type and at least one signature."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_bytes(envelope: Envelope) -> bytes:
    """Return the envelope as canonical JSON."""
    listed = [
        {"chain": [b64(der) for der in one.chain], "keyid": one.keyid, "sig": b64(one.sig)}
        for one in envelope.signatures
    ]
    return canonical_json.dumps(
        {
            "payload": b64(envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": listed,
        }
    )


def parse(data: bytes) -> Envelope:
    """Read an envelope; nothing in it is believed yet.

    Raises:
        ValueError: not canonical JSON, a key missing, unknown or of the wrong type, no
            signature or more than `MAX_SIGNATURES`, base64 in another spelling.
    """
    value = canonical_json.loads(data)
    _only(value, {"payload", "payloadType", "signatures"})
    found = tuple(
        _signature(one) for one in fields.objects(value, "signatures", most=MAX_SIGNATURES)
    )
    if not found:
        raise ValueError("signatures: the envelope carries none")
    return Envelope(fields.text(value, "payloadType"), fields.binary(value, "payload"), found)


def verify_signature(envelope: Envelope, index: int, public_key: ec.EllipticCurvePublicKey) -> bool:
    """Tell whether signature number ``index`` is by ``public_key``; keyid is never used."""
    signed = pae(envelope.payload_type, envelope.payload)
    return signatures.verify(public_key, envelope.signatures[index].sig, signed)


def _signature(value: JsonObject) -> EnvelopeSignature:
    _only(value, {"chain", "keyid", "sig"})
    return EnvelopeSignature(
        sig=fields.binary(value, "sig"),
        chain=fields.binaries(value, "chain", most=MAX_CHAIN),
        keyid=fields.text(value, "keyid"),
    )


def _only(value: JsonObject, known: set[str]) -> None:
    if unknown := set(value) - known:
        raise ValueError(f"unknown key in the envelope: {sorted(unknown)[0][:40]!r}")
