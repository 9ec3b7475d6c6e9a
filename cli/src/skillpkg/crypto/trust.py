"""The trust bundle: which roots, log keys and hosts a registry has, signed by its root."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.crypto import dsse, fields, names, note
from skillpkg.crypto.encoding import b64, format_time, printable
from skillpkg.errors import Check, VerificationRefused

if TYPE_CHECKING:
    from cryptography import x509

SCHEMA = "skreg.trust/1"
MAX_BUNDLE = 256 * 1024
_HOST = re.compile(r"[a-z0-9.-]{1,253}(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """A root certificate (DER) and the fingerprint of its key."""

    fingerprint: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log's key and when its checkpoints count; ``not_after`` is None while the log is open."""

    origin: str
    vkey: str
    not_before: datetime
    not_after: datetime | None
    verifier: note.Verifier

    def covers(self, at: datetime) -> bool:
        """Tell whether the key counts at a time."""
        return self.not_before <= at and (self.not_after is None or at <= self.not_after)


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """What a registry's root says about the registry; ``version`` only ever rises."""

    version: int
    registry_id: str
    roots: tuple[TrustedRoot, ...]
    logs: tuple[LogKey, ...]
    redirect_hosts: tuple[str, ...]
    minimum_client: str

    @property
    def present_root(self) -> TrustedRoot:
        """The root that signs now, the last of the list: the one to be pinned."""
        return self.roots[-1]

    @property
    def root_certificates(self) -> tuple[bytes, ...]:
        """The roots as DER, as `chain.verify_chain` takes them."""
        return tuple(root.certificate for root in self.roots)

    def log_keys(self, at: datetime) -> list[note.Verifier]:
        """Return the keys whose checkpoints count at a time."""
        return [key.verifier for key in self.logs if key.covers(at)]


def to_payload(bundle: TrustBundle) -> bytes:
    """Return the canonical JSON that the root signs."""
    logs: list[JsonValue] = [
        {
            "origin": key.origin,
            "vkey": key.vkey,
            "not_before": format_time(key.not_before),
            "not_after": format_time(key.not_after) if key.not_after else None,
        }
        for key in bundle.logs
    ]
    roots: list[JsonValue] = [
        {"fingerprint": root.fingerprint, "certificate": b64(root.certificate)}
        for root in bundle.roots
    ]
    return canonical_json.dumps(
        {
            "schema": SCHEMA,
            "version": bundle.version,
            "registry_id": bundle.registry_id,
            "roots": roots,
            "logs": logs,
            "redirect_hosts": list(bundle.redirect_hosts),
            "minimum_client": bundle.minimum_client,
        }
    )


def open_bundle(
    data: bytes, pinned_fingerprint: str, *, remembered_version: int = 0
) -> TrustBundle:
    """Return the bundle when the pinned root signed it.

    Args:
        data: the DSSE envelope; each signature's ``chain`` holds the root that made it.
        pinned_fingerprint: ``sha256:<64 hex>`` of the pinned root's SPKI.
        remembered_version: the highest version seen before; a lower one refuses.

    Raises:
        VerificationRefused: root-pin (not signed by that root), trust-bundle (cannot be read or
            contradicts itself), trust-rollback.
    """
    try:
        envelope = _envelope(data)
        _require_signed(envelope, pinned_fingerprint)
        bundle = parse_payload(envelope.payload)
    except ValueError as error:
        raise _refused(Check.TRUST_BUNDLE, str(error)) from error
    except VerificationRefused as error:
        if error.check is not Check.CHAIN:
            raise
        raise _refused(Check.TRUST_BUNDLE, f"a root in it is no root: {error.why}") from error
    if pinned_fingerprint not in {root.fingerprint for root in bundle.roots}:
        raise _refused(Check.ROOT_PIN, "the bundle no longer lists the pinned root")
    if bundle.version < remembered_version:
        raise _refused(
            Check.TRUST_ROLLBACK,
            f"it is version {bundle.version}, and {remembered_version} was seen before",
        )
    return bundle


def parse_payload(payload: bytes) -> TrustBundle:
    """Read the bundle's payload.

    Raises:
        ValueError: a field is missing, of the wrong type, or contradicts another.
        VerificationRefused: chain, a root is not a root.
    """
    value = canonical_json.loads(payload)
    fields.schema(value, SCHEMA)
    registry = fields.text(value, "registry_id")
    if not names.is_registry_id(registry):
        raise ValueError("registry_id: expected 16 hex digits")
    hosts = fields.strings(value, "redirect_hosts", most=64)
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError("redirect_hosts: expected host names in lowercase")
    return TrustBundle(
        version=fields.integer(value, "version", least=1),
        registry_id=registry,
        roots=_roots(value),
        logs=_logs(value, registry),
        redirect_hosts=tuple(hosts),
        minimum_client=fields.text(value, "minimum_client"),
    )


def make_log_key(
    origin: str, vkey: str, not_before: datetime, not_after: datetime | None = None
) -> LogKey:
    """Return a log key entry.

    Raises:
        ValueError: the vkey cannot be read or does not bear the origin's name.
    """
    verifier = note.parse_vkey(vkey)
    if verifier.name != origin:
        raise ValueError(f"logs: the key of {origin[:60]!r} bears another name")
    return LogKey(origin, vkey, not_before, not_after, verifier)


def _envelope(data: bytes) -> dsse.Envelope:
    if len(data) > MAX_BUNDLE:
        raise ValueError(f"it is longer than {MAX_BUNDLE} bytes")
    envelope = dsse.parse(data)
    if envelope.payload_type != dsse.TRUST_TYPE:
        raise ValueError(f"its type is {envelope.payload_type[:60]!r}")
    return envelope


def _require_signed(envelope: dsse.Envelope, pinned: str) -> None:
    """Refuse unless the pinned root made one of the signatures, and made it well."""
    from skillpkg.crypto import chain, profile

    for index, signature in enumerate(envelope.signatures):
        if len(signature.chain) != 1:
            raise ValueError("a signature does not carry exactly its root certificate")
        root = chain.check_root(signature.chain[0])
        if names.fingerprint(profile.key_bytes(root)) != pinned:
            continue
        if dsse.verify_signature(envelope, index, profile.p256(root)):
            return
        raise ValueError("the signature by the pinned root is bad")
    raise _refused(Check.ROOT_PIN, f"no signature is by the pinned root {pinned}")


def _roots(value: JsonObject) -> tuple[TrustedRoot, ...]:
    found = tuple(_root(one) for one in fields.objects(value, "roots", most=8))
    if not found:
        raise ValueError("roots: expected at least one")
    return found


def _root(value: JsonObject) -> TrustedRoot:
    from skillpkg.crypto import chain, profile

    der, claimed = fields.binary(value, "certificate"), fields.text(value, "fingerprint")
    root: x509.Certificate = chain.check_root(der)
    if names.fingerprint(profile.key_bytes(root)) != claimed:
        raise ValueError("roots: a fingerprint is not that of its certificate")
    return TrustedRoot(claimed, der)


def _logs(value: JsonObject, registry: str) -> tuple[LogKey, ...]:
    found = tuple(_log(one, registry) for one in fields.objects(value, "logs", most=64))
    ids = [key.verifier.key_id for key in found if key.verifier.algorithm == note.ECDSA]
    if not ids or len(set(ids)) != len(ids):
        raise ValueError("logs: expected at least one ECDSA key, and no key twice")
    return found


def _log(value: JsonObject, registry: str) -> LogKey:
    origin = fields.text(value, "origin")
    if not origin.startswith(names.log_origin(registry, "")):
        raise ValueError(f"logs: {origin[:60]!r} is not a log of registry {registry}")
    return make_log_key(
        origin,
        fields.text(value, "vkey"),
        fields.moment(value, "not_before"),
        fields.optional(fields.moment, value, "not_after"),
    )


def _refused(check: Check, why: str) -> VerificationRefused:
    return VerificationRefused(
        check,
        "The registry's trust bundle was refused.",
        why=printable(why[:1].upper() + why[1:]) + ".",
        fix="Compare the root fingerprint with the one your operator publishes.",
    )
