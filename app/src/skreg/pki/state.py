"""What a registry's PKI is now: certificates, revocations, CRLs and the trust bundle.

One immutable object. Whoever changes it stores the new one (and only then publishes what it
holds), under a lock, so that a CRL number is never given twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        leaf: the newest signing leaf under the registry CA.
        bundle: the present trust bundle, a DSSE envelope.
        former: CAs that were replaced, oldest first; their CRLs go on, so that what was signed
            under them goes on verifying.
        former_leaves: leaves that were replaced and have not expired. A worker that still holds
            a replaced signing key signs under its own leaf, and asks for no new one.
        former_bundles: trust bundles 1 to the one before the present, for clients that follow.
    """

    root: Authority
    registry_ca: Authority
    publisher_ca: Authority
    leaf: x509.Certificate
    bundle: bytes
    bundle_version: int
    former: tuple[Authority, ...] = ()
    former_leaves: tuple[x509.Certificate, ...] = ()
    former_bundles: tuple[bytes, ...] = ()

    @property
    def registry_id(self) -> str:
        """What names the registry for as long as it exists: the id of its first root."""
        roots = [item for item in self.former if item.role == ROOT]
        first = roots[0] if roots else self.root
        return names.registry_id(certificate_spki(first.certificate))

    @property
    def root_fingerprint(self) -> str:
        """What a client pins, ``sha256:<64 hex>``."""
        return names.fingerprint(certificate_spki(self.root.certificate))

    @property
    def signing_chain(self) -> tuple[bytes, bytes]:
        """The DER certificates of the newest leaf: leaf, then the CA that issued it."""
        return self._chain(self.leaf)

    def chain_of(self, spki: bytes) -> tuple[bytes, bytes] | None:
        """Return the DER certificates for one signing key, None when it has no leaf."""
        leaf = self.leaf_of(spki)
        return None if leaf is None else self._chain(leaf)

    def leaf_of(self, spki: bytes) -> x509.Certificate | None:
        """Return the newest leaf of one signing key."""
        leaves = (self.leaf, *reversed(self.former_leaves))
        return next((leaf for leaf in leaves if certificate_spki(leaf) == spki), None)

    def revocation_of(self, leaf: x509.Certificate) -> Revocation | None:
        """Return the revocation of one of the registry's leaves, None while it is good."""
        return self._issuer(leaf).revocation_of(leaf.serial_number)

    def _chain(self, leaf: x509.Certificate) -> tuple[bytes, bytes]:
        return der(leaf), der(self._issuer(leaf).certificate)

    def _issuer(self, leaf: x509.Certificate) -> Authority:
        """Return the CA whose key issued a leaf, the present generation before others."""
        wanted = authority_key_id(leaf)
        generations = (self.registry_ca, *reversed(self.former))
        return next(
            (item for item in generations if key_id(item.certificate) == wanted), self.registry_ca
        )

    @property
    def authorities_pem(self) -> str:
        """The present CAs' certificates as PEM: registry CA, publisher CA, the root last."""
        ordered = (self.registry_ca, self.publisher_ca, self.root)
        return "".join(pem(item.certificate) for item in ordered)

    @property
    def authorities(self) -> tuple[Authority, Authority, Authority]:
        """The three present CAs, root first."""
        return self.root, self.registry_ca, self.publisher_ca

    @property
    def every_authority(self) -> tuple[Authority, ...]:
        """The three present CAs, then the replaced ones."""
        return (*self.authorities, *self.former)

    @property
    def crl_numbers(self) -> dict[str, int]:
        """The number of each CA's present CRL, by CA id, as the timestamp carries it."""
        return {authority.ca_id: authority.crl_number for authority in self.every_authority}

    def authority(self, name: str) -> Authority:
        """Return a present CA by its role, or any CA by its id.

        Raises:
            ConfigurationInvalid: no such CA.
        """
        roles = {item.role: item for item in self.authorities}
        found = roles | {item.ca_id: item for item in self.every_authority}
        if name not in found:
            raise ConfigurationInvalid(
                "There is no such certificate authority.",
                why=f"It is called {name!r}.",
                fix=f"Use one of: {', '.join(roles)}, or the id that skreg pki status shows.",
            )
        return found[name]


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


def with_authority(state: PkiState, authority: Authority) -> PkiState:
    """Return the state with one of its CAs replaced: a former one by its id, else by its role."""
    if any(item.ca_id == authority.ca_id for item in state.former):
        former = (authority if item.ca_id == authority.ca_id else item for item in state.former)
        return replace(state, former=tuple(former))
    if authority.role == ROOT:
        return replace(state, root=authority)
    if authority.role == REGISTRY_CA:
        return replace(state, registry_ca=authority)
    return replace(state, publisher_ca=authority)


def certificate_spki(certificate: x509.Certificate) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a P-256 certificate."""
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ConfigurationInvalid("A certificate of the PKI does not carry an ECDSA key.")
    return spki_of(public)


def key_id(certificate: x509.Certificate) -> bytes:
    """Return a certificate's own key identifier."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return found.value.digest


def authority_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return the key identifier of the CA that issued a certificate."""
    found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    return found.value.key_identifier


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate's DER bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate's PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
