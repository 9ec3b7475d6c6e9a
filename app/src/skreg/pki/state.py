"""What a registry's PKI is now: certificates, revocations, CRLs and the trust bundle.

One immutable object. Whoever changes it stores the new one (and only then publishes what it
holds), under a lock, so that a CRL number is never given twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names
from skreg.errors import ConfigurationInvalid
from skreg.signing import spki_of

ROOT, REGISTRY_CA, PUBLISHER_CA = "root", "registry-ca", "publisher-ca"


@dataclass(frozen=True, slots=True)
class Revocation:
    """One certificate that must no longer be believed.

    Attributes:
        serial: the certificate's serial number.
        at: from when on its signatures are refused; earlier ones stay good.
        reason: an RFC 5280 name such as ``keyCompromise``.
        dated: False when nobody knows since when the key is in other hands: then every
            signature it ever made is refused.
    """

    serial: int
    at: datetime
    reason: str
    dated: bool = True


@dataclass(frozen=True)
class Authority:
    """One CA: its certificate, what it revoked, and its present CRL (empty: to be issued)."""

    role: str
    certificate: x509.Certificate
    crl_number: int = 0
    crl: bytes = b""
    revocations: tuple[Revocation, ...] = ()

    @cached_property
    def ca_id(self) -> str:
        """The id its CRL is found under, from its key."""
        return names.ca_id(certificate_spki(self.certificate))

    def revocation_of(self, serial: int) -> Revocation | None:
        """Return the revocation of a certificate that this CA issued, None when it is good."""
        return next((item for item in self.revocations if item.serial == serial), None)


@dataclass(frozen=True)
class PkiState:
    """The whole PKI of one registry.

    Attributes:
        leaf: the signing leaf under the registry CA.
        bundle: the present trust bundle, a DSSE envelope.
    """

    root: Authority
    registry_ca: Authority
    publisher_ca: Authority
    leaf: x509.Certificate
    bundle: bytes
    bundle_version: int

    @property
    def registry_id(self) -> str:
        """What names the registry for as long as it exists."""
        return names.registry_id(certificate_spki(self.root.certificate))

    @property
    def root_fingerprint(self) -> str:
        """What a client pins, ``sha256:<64 hex>``."""
        return names.fingerprint(certificate_spki(self.root.certificate))

    @property
    def signing_chain(self) -> tuple[bytes, bytes]:
        """The DER certificates that go with every signature: leaf, then registry CA."""
        return der(self.leaf), der(self.registry_ca.certificate)

    @property
    def chain_pem(self) -> str:
        """Leaf and registry CA as PEM, leaf first."""
        return pem(self.leaf) + pem(self.registry_ca.certificate)

    @property
    def authorities(self) -> tuple[Authority, Authority, Authority]:
        """The three CAs, root first."""
        return self.root, self.registry_ca, self.publisher_ca

    @property
    def crl_numbers(self) -> dict[str, int]:
        """The number of each CA's present CRL, by CA id, as the timestamp carries it."""
        return {authority.ca_id: authority.crl_number for authority in self.authorities}

    def authority(self, role: str) -> Authority:
        """Return one CA by its role.

        Raises:
            ConfigurationInvalid: no such role.
        """
        found: Mapping[str, Authority] = {item.role: item for item in self.authorities}
        if role not in found:
            raise ConfigurationInvalid(
                "There is no such certificate authority.",
                why=f"The role is {role!r}.",
                fix=f"Use one of: {', '.join(found)}.",
            )
        return found[role]


@dataclass(frozen=True, slots=True)
class PkiChange:
    """A new state and the log entries that tell of it.

    Attributes:
        state: to be stored before anything of it is published.
        entries: bodies of log entries, oldest first, each with ``type``; the log adds schema,
            registry and time.
    """

    state: PkiState
    entries: tuple[JsonObject, ...] = ()


def certificate_spki(certificate: x509.Certificate) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a P-256 certificate."""
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ConfigurationInvalid("A certificate of the PKI does not carry an ECDSA key.")
    return spki_of(public)


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate's DER bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate's PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
