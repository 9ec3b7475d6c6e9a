"""The timestamp: the registry's newest signed statement of everything it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from skillpkg import canonical_json
from skillpkg.crypto import bin_tree, chain, dsse, encoding, fields
from skillpkg.crypto.crl import CLOCK_SKEW
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, VerificationRefused
from skillpkg.install.modes import Mode, age, judge_date, refusal

SCHEMA = "skreg.timestamp/1"
PATH = "/index/timestamp"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A timestamp whose signature is good; its dates are judged by `judge`.

    ``root`` is the bins' tree head, ``checkpoint_size`` the least size of the log, and
    ``crl_numbers`` the least CRL number of each CA.
    """

    issued_at: datetime
    expires_at: datetime
    prefix_length: int
    root: bytes
    checkpoint_size: int
    crl_numbers: Mapping[str, int]
    chain: chain.VerifiedChain


def open_timestamp(data: bytes, trust: TrustBundle) -> Timestamp:
    """Return the timestamp that the registry's leaf signed, judged at ``issued_at``.

    Raises:
        VerificationRefused: timestamp-signature (cannot be read or is not signed by its leaf),
            timestamp-chain (the leaf is not the registry's) or timestamp-identity (of another
            registry).
    """
    try:
        envelope = dsse.parse(data)
        timestamp, registry = _parse(envelope, trust)
    except ValueError as error:
        raise refusal(
            Check.TIMESTAMP_SIGNATURE, "The registry's timestamp cannot be read.", str(error)
        ) from error
    if not dsse.verify_signature(envelope, 0, timestamp.chain.leaf_key):
        raise refusal(
            Check.TIMESTAMP_SIGNATURE, "The signature of the registry's timestamp is bad."
        )
    if registry != trust.registry_id:
        raise refusal(
            Check.TIMESTAMP_IDENTITY,
            "The timestamp is of another registry.",
            f"It names {registry[:32]!r}, and {trust.registry_id} is pinned.",
        )
    return timestamp


def judge(timestamp: Timestamp, now: datetime, mode: Mode) -> tuple[str, ...]:
    """Return warnings about passed dates; in resolve mode those refuse.

    Raises:
        VerificationRefused: timestamp-expired or timestamp-chain.
    """
    warnings = []
    if timestamp.issued_at > now + CLOCK_SKEW:
        what = f"The registry's timestamp is {age(timestamp.issued_at - now)} in the future."
        warnings.append(judge_date(mode, Check.TIMESTAMP_EXPIRED, what))
    if now > timestamp.expires_at:
        what = f"The registry's timestamp expired {age(now - timestamp.expires_at)} ago."
        warnings.append(judge_date(mode, Check.TIMESTAMP_EXPIRED, what))
    if now > timestamp.chain.expires_at:
        what = f"The registry's certificate expired {age(now - timestamp.chain.expires_at)} ago."
        warnings.append(judge_date(mode, Check.TIMESTAMP_CHAIN, what))
    return tuple(warnings)


def _parse(envelope: dsse.Envelope, trust: TrustBundle) -> tuple[Timestamp, str]:
    if envelope.payload_type != dsse.TIMESTAMP_TYPE:
        raise ValueError(f"payloadType: found {envelope.payload_type[:60]!r}")
    value = canonical_json.loads(envelope.payload)
    fields.schema(value, SCHEMA)
    issued, expires = fields.moment(value, "issued_at"), fields.moment(value, "expires_at")
    if expires <= issued:
        raise ValueError("expires_at: not after issued_at")
    timestamp = Timestamp(
        issued_at=issued,
        expires_at=expires,
        prefix_length=fields.integer(value, "prefix_length", least=1, most=bin_tree.MAX_PREFIX),
        root=bytes.fromhex(fields.digest(value, "root")),
        checkpoint_size=fields.integer(value, "checkpoint_size"),
        crl_numbers=fields.integer_map(value, "crl_numbers"),
        chain=registry_chain(envelope, trust, issued, Check.TIMESTAMP_CHAIN),
    )
    return timestamp, fields.text(value, "registry")


def registry_chain(
    envelope: dsse.Envelope, trust: TrustBundle, at: datetime, check: Check
) -> chain.VerifiedChain:
    """Return the chain of the registry's own leaf that signed an envelope.

    Raises:
        VerificationRefused: ``check``, whatever is wrong with the chain at the time ``at``.
    """
    try:
        found = chain.verify_chain(
            envelope.signatures[0].chain,
            trust.root_certificates,
            at,
            registry_id=trust.registry_id,
        )
    except VerificationRefused as error:
        why = f"{error.check}: {error.why}"
        raise refusal(check, "The registry's own certificate was refused.", why) from error
    if found.signer_class != "registry":
        raise refusal(
            check,
            "The registry's own certificate was refused.",
            f"{Check.CHAIN_POLICY}: a publisher may not sign for the registry, "
            f"at {encoding.format_time(at)}.",
        )
    return found
