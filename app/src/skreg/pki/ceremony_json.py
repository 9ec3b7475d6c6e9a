"""Requests and grants as files that travel between the registry and an offline root."""

from __future__ import annotations

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import fields
from skillpkg.crypto.encoding import b64
from skreg.pki.bundle import BundleFacts
from skreg.pki.offer import CeremonyGrant, CeremonyRequest
from skreg.pki.state import pem
from skreg.pki.state_json import (
    MOST_REVOCATIONS,
    certificate,
    read_document,
    revocation_from_json,
    revocation_to_json,
)

REQUEST_SCHEMA = "skreg.ceremony-request/1"
GRANT_SCHEMA = "skreg.ceremony-grant/1"
MOST_HOSTS = 64


def request_to_bytes(asked: CeremonyRequest) -> bytes:
    """Return a request as canonical JSON."""
    return canonical_json.dumps(
        {
            "schema": REQUEST_SCHEMA,
            "registry_ca": _or_null(asked.registry_ca),
            "publisher_ca": _or_null(asked.publisher_ca),
            "log": _or_null(asked.log),
            "redirect_hosts": list(asked.facts.redirect_hosts),
            "minimum_client": asked.facts.minimum_client,
            "present": b64(asked.present),
            "root_crl_number": asked.root_crl_number,
            "revocations": [revocation_to_json(item) for item in asked.revocations],
            "replaces_root": asked.replaces_root,
        }
    )


def request_from_bytes(data: bytes) -> CeremonyRequest:
    """Read a request; ConfigurationInvalid when it is none."""
    return read_document(data, "ceremony request", _request)


def grant_to_bytes(granted: CeremonyGrant) -> bytes:
    """Return a grant as canonical JSON."""
    return canonical_json.dumps(
        {
            "schema": GRANT_SCHEMA,
            "root": pem(granted.root),
            "registry_ca": pem(granted.registry_ca) if granted.registry_ca else None,
            "publisher_ca": pem(granted.publisher_ca) if granted.publisher_ca else None,
            "root_crl": b64(granted.root_crl),
            "last_crl": b64(granted.last_crl),
            "bundle": b64(granted.bundle),
        }
    )


def grant_from_bytes(data: bytes) -> CeremonyGrant:
    """Read a grant; ConfigurationInvalid when it is none."""
    return read_document(data, "ceremony grant", _grant)


def _request(value: JsonObject) -> CeremonyRequest:
    fields.schema(value, REQUEST_SCHEMA)
    hosts = fields.strings(value, "redirect_hosts", most=MOST_HOSTS)
    listed = fields.objects(value, "revocations", most=MOST_REVOCATIONS)
    return CeremonyRequest(
        registry_ca=fields.optional(fields.binary, value, "registry_ca"),
        publisher_ca=fields.optional(fields.binary, value, "publisher_ca"),
        log=fields.optional(fields.binary, value, "log"),
        facts=BundleFacts(tuple(hosts), fields.text(value, "minimum_client")),
        present=fields.binary(value, "present"),
        root_crl_number=fields.integer(value, "root_crl_number"),
        revocations=tuple(revocation_from_json(item) for item in listed),
        replaces_root=value.get("replaces_root") is True,
    )


def _grant(value: JsonObject) -> CeremonyGrant:
    fields.schema(value, GRANT_SCHEMA)
    return CeremonyGrant(
        root=certificate(value, "root"),
        registry_ca=fields.optional(certificate, value, "registry_ca"),
        publisher_ca=fields.optional(certificate, value, "publisher_ca"),
        root_crl=fields.binary(value, "root_crl"),
        last_crl=fields.binary(value, "last_crl"),
        bundle=fields.binary(value, "bundle"),
    )


def _or_null(data: bytes | None) -> str | None:
    return None if data is None else b64(data)
