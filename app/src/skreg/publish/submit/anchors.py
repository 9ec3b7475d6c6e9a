"""By what a publisher's signature is judged: roots and revocation lists of the stored PKI.

The stored document is read here without ``skreg.pki``: the API judges first, and its process may
not even load what could sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import dsse, fields, names, profile, trust
from skreg.errors import ConfigurationInvalid

_CURRENT = ("root", "registry_ca", "publisher_ca")
_MOST_FORMER = 1_000


@dataclass(frozen=True, slots=True)
class Anchors:
    """What is believed without proof.

    Attributes:
        registry_id: the id that every certificate's identity must name.
        roots: DER certificates, as the trust bundle lists them.
        crls: the present revocation list (DER) of each CA, by CA id.
    """

    registry_id: str
    roots: tuple[bytes, ...]
    crls: Mapping[str, bytes]


def read_anchors(stored: bytes) -> Anchors:
    """Return the anchors in the PKI state as the database keeps it.

    Raises:
        ConfigurationInvalid: the document cannot be read.
    """
    try:
        state = canonical_json.loads(stored)
        bundle = trust.parse_payload(dsse.parse(fields.binary(state, "bundle")).payload)
        return Anchors(bundle.registry_id, bundle.root_certificates, dict(_lists(state)))
    except ValueError as error:
        raise ConfigurationInvalid(
            "The stored PKI state cannot be read.",
            why=str(error),
            fix="Restore the last good copy; nothing was changed.",
        ) from error


def _lists(state: JsonObject) -> Iterator[tuple[str, bytes]]:
    former = fields.objects(state, "former", most=_MOST_FORMER) if "former" in state else []
    for authority in (*(fields.mapping(state, name) for name in _CURRENT), *former):
        pem = fields.text(authority, "certificate").encode()
        certificate = x509.load_pem_x509_certificate(pem)
        yield names.ca_id(profile.key_bytes(certificate)), fields.binary(authority, "crl")
