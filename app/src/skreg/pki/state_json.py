"""The PKI state as canonical JSON, for the database row and the certificates' secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import fields
from skillpkg.crypto.encoding import b64, format_time
from skreg.errors import ConfigurationInvalid
from skreg.pki.state import PUBLISHER_CA, REGISTRY_CA, ROOT, Authority, PkiState, Revocation, pem

SCHEMA = "skreg.pki/1"
MOST_REVOCATIONS = 1_000_000
MOST_FORMER = 1_000

_SINCE_SUCCESSION: JsonObject = {"former": [], "former_leaves": [], "former_bundles": []}
"""What a state that an earlier release wrote does not say: it has no former keys."""

Found = TypeVar("Found")


def to_bytes(state: PkiState, *, crls: bool = True) -> bytes:
    """Return the state as canonical JSON.

    Args:
        crls: False leaves out the CRLs and former bundles, so that it fits a cloud secret; a
            state that was read from there has its CRLs issued again, numbered on.
    """
    return canonical_json.dumps(
        {
            "schema": SCHEMA,
            "registry_id": state.registry_id,
            "root": _authority(state.root, crls),
            "registry_ca": _authority(state.registry_ca, crls),
            "publisher_ca": _authority(state.publisher_ca, crls),
            "leaf": pem(state.leaf),
            "bundle": b64(state.bundle),
            "bundle_version": state.bundle_version,
            "former": [{"role": item.role, **_authority(item, crls)} for item in state.former],
            "former_leaves": [pem(leaf) for leaf in state.former_leaves],
            "former_bundles": [b64(item) for item in state.former_bundles if crls],
        }
    )


def from_bytes(data: bytes) -> PkiState:
    """Read what ``to_bytes`` wrote.

    Raises:
        ConfigurationInvalid: it is not such a document, or holds a certificate that cannot be
            read.
    """
    return read_document(data, "PKI state", _state)


def read_document(data: bytes, what: str, read: Callable[[JsonObject], Found]) -> Found:
    """Return what ``read`` makes of a canonical JSON document.

    Raises:
        ConfigurationInvalid: the document is not canonical JSON or ``read`` refuses it.
    """
    try:
        return read(canonical_json.loads(data))
    except ValueError as error:
        raise ConfigurationInvalid(
            f"The stored {what} cannot be read.",
            why=str(error),
            fix="Restore the last good copy; nothing was changed.",
        ) from error


def certificate(value: JsonObject, key: str) -> x509.Certificate:
    """Return the PEM certificate at ``key``; ValueError names the field otherwise."""
    return read_certificate(fields.text(value, key), key)


def read_certificate(text: str, field: str) -> x509.Certificate:
    """Return a PEM certificate; ValueError names ``field`` otherwise."""
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from error


def _authority(authority: Authority, crls: bool) -> JsonObject:
    return {
        "certificate": pem(authority.certificate),
        "crl": b64(authority.crl) if crls else "",
        "crl_number": authority.crl_number,
        "revocations": [revocation_to_json(item) for item in authority.revocations],
    }


def revocation_to_json(item: Revocation) -> JsonObject:
    """Return a revocation as JSON."""
    return {
        "serial": f"{item.serial:x}",
        "at": format_time(item.at),
        "reason": item.reason,
        "dated": item.dated,
    }


def _state(value: JsonObject) -> PkiState:
    fields.schema(value, SCHEMA)
    value = {**_SINCE_SUCCESSION, **value}
    return PkiState(
        root=_read_authority(fields.mapping(value, "root"), ROOT),
        registry_ca=_read_authority(fields.mapping(value, "registry_ca"), REGISTRY_CA),
        publisher_ca=_read_authority(fields.mapping(value, "publisher_ca"), PUBLISHER_CA),
        leaf=certificate(value, "leaf"),
        bundle=fields.binary(value, "bundle"),
        bundle_version=fields.integer(value, "bundle_version", least=1),
        former=tuple(_former(item) for item in fields.objects(value, "former", most=MOST_FORMER)),
        former_leaves=tuple(
            read_certificate(text, "former_leaves")
            for text in fields.strings(value, "former_leaves", most=MOST_FORMER)
        ),
        former_bundles=fields.binaries(value, "former_bundles", most=MOST_FORMER),
    )


def _former(value: JsonObject) -> Authority:
    return _read_authority(value, fields.text(value, "role"))


def _read_authority(value: JsonObject, role: str) -> Authority:
    listed = fields.objects(value, "revocations", most=MOST_REVOCATIONS)
    return Authority(
        role=role,
        certificate=certificate(value, "certificate"),
        crl_number=fields.integer(value, "crl_number"),
        crl=fields.binary(value, "crl"),
        revocations=tuple(revocation_from_json(item) for item in listed),
    )


def revocation_from_json(value: JsonObject) -> Revocation:
    """Read a revocation; ValueError names what is wrong."""
    return Revocation(
        serial=int(fields.text(value, "serial"), 16),
        at=fields.moment(value, "at"),
        reason=fields.text(value, "reason"),
        dated=value.get("dated") is not False,
    )
