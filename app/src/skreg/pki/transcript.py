"""What the people at a ceremony read: what the root is to sign, then what it has signed."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from skillpkg.crypto import dsse, names, trust
from skreg.pki.ceremony_json import grant_to_bytes, request_to_bytes
from skreg.pki.offer import CeremonyGrant, CeremonyRequest
from skreg.pki.profiles import requested_key
from skreg.pki.state import certificate_spki
from skreg.signing import spki_of


def proposal(asked: CeremonyRequest) -> tuple[str, ...]:
    """Return what a request wants signed, line by line, from its bytes alone.

    Raises:
        Unprocessable: a request in ``asked`` that shows no possession of its key.
    """
    keys = (
        ("registry-ca", asked.registry_ca),
        ("publisher-ca", asked.publisher_ca),
        ("log key", asked.log),
    )
    wanted = [f"{name:<13} {_key(data)}" for name, data in keys if data is not None]
    hosts = ", ".join(asked.facts.redirect_hosts) or "none"
    return (
        f"request       sha256:{_sha256(request_to_bytes(asked))}",
        f"follows       {_present(asked)}",
        *wanted,
        f"redirects to  {hosts}",
        f"clients from  {asked.facts.minimum_client}",
        f"root CRL      number {asked.root_crl_number + 1}, {len(asked.revocations)} revoked",
        *(f"revoked       {item.serial:x} ({item.reason})" for item in asked.revocations),
        *(("new root      asked for",) if asked.replaces_root else ()),
    )


def transcript(asked: CeremonyRequest, granted: CeremonyGrant) -> tuple[str, ...]:
    """Return what was signed, line by line with hashes, for the people at the ceremony.

    Raises:
        Unprocessable: a request in ``asked`` that shows no possession of its key.
    """
    return (
        f"request       sha256:{_sha256(request_to_bytes(asked))}",
        f"registry id   {_registry_id(asked, granted)}",
        *((f"log key       {_key(asked.log)}",) if asked.log else ()),
        *contents(granted),
    )


def contents(granted: CeremonyGrant) -> tuple[str, ...]:
    """Return what a grant holds, line by line with hashes.

    The transcript has these lines where the root is, and ``install`` prints them where the
    registry is: who watches there compares them.
    """
    certificates = (
        ("root", granted.root),
        ("registry-ca", granted.registry_ca),
        ("publisher-ca", granted.publisher_ca),
    )
    data = (
        ("root CRL", granted.root_crl),
        ("last CRL", granted.last_crl),
        ("trust bundle", granted.bundle),
    )
    return (
        f"root key      {names.fingerprint(certificate_spki(granted.root))}",
        *(_certificate_line(role, found) for role, found in certificates if found is not None),
        *(f"{name:<13} sha256:{_sha256(item)}" for name, item in data if item),
        f"grant         sha256:{_sha256(grant_to_bytes(granted))}",
    )


def witnessed(lines: tuple[str, ...], when: str) -> str:
    """Return the transcript's text: its own hash first, then two lines to sign on paper."""
    body = "\n".join((f"ceremony      {when}", *lines)) + "\n"
    return (
        f"{body}transcript    sha256:{_sha256(body.encode())}\n"
        "\nWe watched these hashes being made and compared them.\n\n"
        "first person  ______________________________\n\n"
        "second person ______________________________\n"
    )


def _registry_id(asked: CeremonyRequest, granted: CeremonyGrant) -> str:
    if asked.present:
        return _unverified(asked.present).registry_id
    return names.registry_id(certificate_spki(granted.root))


def _present(asked: CeremonyRequest) -> str:
    if not asked.present:
        return "nothing: this is the first ceremony"
    found = _unverified(asked.present)
    return f"trust bundle {found.version} of registry {found.registry_id}"


def _unverified(bundle: bytes) -> trust.TrustBundle:
    return trust.parse_payload(dsse.parse(bundle).payload)


def _key(request: bytes | None) -> str:
    return names.fingerprint(spki_of(requested_key(request or b"")))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _certificate_line(role: str, found: x509.Certificate) -> str:
    digest = found.fingerprint(hashes.SHA256()).hex()
    return f"{role:<13} sha256:{digest} until {found.not_valid_after_utc:%Y-%m-%d}"
