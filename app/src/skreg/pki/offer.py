"""What travels between the registry and its root: the request, and the grant that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from skreg.pki.bundle import BundleFacts
from skreg.pki.state import Revocation

NO_FACTS = BundleFacts()
"""A bundle that allows no redirect and any client."""


@dataclass(frozen=True, slots=True)
class CeremonyRequest:
    """What the registry asks of its root: DER requests, the bundle's facts, revocations.

    Attributes:
        registry_ca, publisher_ca, log: a request each, None where nothing new is asked for; the
            first ceremony has all three.
        present: the trust bundle that stands now; empty before the first ceremony.
        root_crl_number: of the root's present CRL.
        revocations: everything that the root's next CRL lists.
        replaces_root: the root itself is to be replaced.
    """

    registry_ca: bytes | None
    publisher_ca: bytes | None
    log: bytes | None
    facts: BundleFacts = NO_FACTS
    present: bytes = b""
    root_crl_number: int = 0
    revocations: tuple[Revocation, ...] = ()
    replaces_root: bool = False


@dataclass(frozen=True, slots=True)
class CeremonyGrant:
    """What the root signed: certificates, its CRL (DER) and the trust bundle.

    Attributes:
        root: the root from now on.
        bundle: empty when the present one stays.
        last_crl: of the root that was replaced; empty when it was not.
    """

    root: x509.Certificate
    registry_ca: x509.Certificate | None
    publisher_ca: x509.Certificate | None
    root_crl: bytes
    bundle: bytes
    last_crl: bytes = b""
