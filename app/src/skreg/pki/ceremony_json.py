"""Requests and grants as files that travel between the registry and an offline root."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import fields, names
from skillpkg.crypto.encoding import b64
from skreg.pki.bundle import BundleFacts
from skreg.pki.ceremony import CeremonyGrant, CeremonyRequest
from skreg.pki.profiles import requested_key
from skreg.pki.state import certificate_spki, pem
from skreg.pki.state_json import certificate, read_document
from skreg.signing import spki_of

REQUEST_SCHEMA = "skreg.ceremony-request/1"
GRANT_SCHEMA = "skreg.ceremony-grant/1"
MOST_HOSTS = 64


def request_to_bytes(asked: CeremonyRequest) -> bytes:
    """Return a request as canonical JSON."""
    return canonical_json.dumps(
        {
            "schema": REQUEST_SCHEMA,
            "registry_ca": b64(asked.registry_ca),
            "publisher_ca": b64(asked.publisher_ca),
            "log": b64(asked.log),
            "redirect_hosts": list(asked.facts.redirect_hosts),
            "minimum_client": asked.facts.minimum_client,
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
            "registry_ca": pem(granted.registry_ca),
            "publisher_ca": pem(granted.publisher_ca),
            "root_crl": b64(granted.root_crl),
            "bundle": b64(granted.bundle),
        }
    )


def grant_from_bytes(data: bytes) -> CeremonyGrant:
    """Read a grant; ConfigurationInvalid when it is none."""
    return read_document(data, "ceremony grant", _grant)


def transcript(asked: CeremonyRequest, granted: CeremonyGrant) -> tuple[str, ...]:
    """Return what was signed, line by line with hashes, for the people at the ceremony.

    Raises:
        Unprocessable: a request in ``asked`` that shows no possession of its key.
    """
    root_spki = certificate_spki(granted.root)
    return (
        f"request       sha256:{hashlib.sha256(request_to_bytes(asked)).hexdigest()}",
        f"registry id   {names.registry_id(root_spki)}",
        f"root key      {names.fingerprint(root_spki)}",
        f"log key       {names.fingerprint(spki_of(requested_key(asked.log)))}",
        _certificate_line("root", granted.root),
        _certificate_line("registry-ca", granted.registry_ca),
        _certificate_line("publisher-ca", granted.publisher_ca),
        f"root CRL      sha256:{hashlib.sha256(granted.root_crl).hexdigest()}",
        f"trust bundle  sha256:{hashlib.sha256(granted.bundle).hexdigest()}",
    )


def _certificate_line(role: str, found: x509.Certificate) -> str:
    digest = found.fingerprint(hashes.SHA256()).hex()
    return f"{role:<13} sha256:{digest} until {found.not_valid_after_utc:%Y-%m-%d}"


def _request(value: JsonObject) -> CeremonyRequest:
    fields.schema(value, REQUEST_SCHEMA)
    hosts = fields.strings(value, "redirect_hosts", most=MOST_HOSTS)
    return CeremonyRequest(
        registry_ca=fields.binary(value, "registry_ca"),
        publisher_ca=fields.binary(value, "publisher_ca"),
        log=fields.binary(value, "log"),
        facts=BundleFacts(tuple(hosts), fields.text(value, "minimum_client")),
    )


def _grant(value: JsonObject) -> CeremonyGrant:
    fields.schema(value, GRANT_SCHEMA)
    return CeremonyGrant(
        root=certificate(value, "root"),
        registry_ca=certificate(value, "registry_ca"),
        publisher_ca=certificate(value, "publisher_ca"),
        root_crl=fields.binary(value, "root_crl"),
        bundle=fields.binary(value, "bundle"),
    )
