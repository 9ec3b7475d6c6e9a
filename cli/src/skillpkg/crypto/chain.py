"""Certificate chains: leaf, intermediate, pinned root, as skreg's profile has them.

The path itself (signatures, names, path length, CA flags, critical extensions) is judged by
``cryptography.x509.verification``; the profile beyond RFC 5280 is judged in `profile`. Both
hold at any time, so a chain is verified once in a process and each use compares its dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification

from skillpkg.crypto import names, profile
from skillpkg.crypto.encoding import format_time
from skillpkg.errors import Check

MAX_CERTIFICATE = 16_384


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """A leaf with the intermediate and pinned root that vouch for it.

    ``signer_class`` is ``registry`` or ``publisher``; ``publisher_namespace`` is None for the
    registry's own leaf; ``leaf_key`` is the leaf's public key. ``ca_id`` and ``root_id`` name the
    CAs that issued leaf and intermediate, as their CRLs are found by.
    """

    leaf: x509.Certificate
    intermediate: x509.Certificate
    root: x509.Certificate
    signer_class: str
    publisher_namespace: str | None
    leaf_key: ec.EllipticCurvePublicKey
    ca_id: str
    root_id: str

    @property
    def expires_at(self) -> datetime:
        """When the first of leaf, intermediate and root expires (UTC)."""
        parts = (self.leaf, self.intermediate, self.root)
        return min(part.not_valid_after_utc for part in parts)


def verify_chain(
    chain: Sequence[bytes],
    roots: Sequence[bytes],
    at: datetime,
    *,
    registry_id: str | None = None,
) -> VerifiedChain:
    """Verify a chain up to a pinned root at the trusted time ``at``.

    Args:
        chain: DER certificates: the leaf, then its intermediate; never the root.
        roots: DER certificates of the pinned roots.
        at: the trusted time (aware).
        registry_id: the id that the leaf's identity must name; by default the first root's.

    Raises:
        VerificationRefused: chain, chain-time, chain-eku or chain-policy.
    """
    if len(chain) != 2:
        raise profile.refused(
            Check.CHAIN, f"it has {len(chain)} certificates, not a leaf and its intermediate"
        )
    if max(map(len, chain)) > MAX_CERTIFICATE:
        raise profile.refused(Check.CHAIN, f"a certificate is over {MAX_CERTIFICATE} bytes")
    verified = _verified(chain[0], chain[1], tuple(roots), registry_id)
    for certificate in (verified.leaf, verified.intermediate, verified.root):
        require_valid_at(certificate, at)
    return verified


def require_valid_at(certificate: x509.Certificate, at: datetime) -> None:
    """Refuse (chain-time) a certificate that is not valid at ``at``."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= at <= end:
        raise profile.refused(
            Check.CHAIN_TIME,
            f"{certificate.subject.rfc4514_string()} is valid from {format_time(begin)} "
            f"to {format_time(end)}, not at {format_time(at)}",
        )


def sha256(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's DER in hex, as log entries name a leaf."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def check_root(der: bytes) -> x509.Certificate:
    """Return a root certificate that is self-signed and has the root's profile.

    Raises:
        VerificationRefused: chain.
    """
    root = profile.load(der)
    profile.require_root(root)
    return root


@lru_cache(maxsize=256)
def _verified(
    leaf_der: bytes, intermediate_der: bytes, roots: tuple[bytes, ...], registry_id: str | None
) -> VerifiedChain:
    leaf, intermediate = profile.load(leaf_der), profile.load(intermediate_der)
    anchors = _anchors(roots)
    root = _root_of(intermediate, anchors)
    for certificate in (leaf, intermediate, root):
        profile.require_algorithms(certificate)
    _require_path(leaf, intermediate, root)
    profile.require_root(root)
    profile.require_intermediate(intermediate)
    profile.require_leaf(leaf)
    signer_class = profile.signer_class(leaf, intermediate)
    wanted = registry_id or names.registry_id(profile.key_bytes(anchors[0]))
    namespace = profile.identity(leaf, signer_class, wanted)
    key = profile.p256(leaf)
    ids = [names.ca_id(profile.key_bytes(ca)) for ca in (intermediate, root)]
    return VerifiedChain(leaf, intermediate, root, signer_class, namespace, key, *ids)


@lru_cache(maxsize=16)
def _anchors(roots: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    if not roots:
        raise profile.refused(Check.CHAIN, "no root is pinned")
    return tuple(profile.load(der) for der in roots)


def _root_of(
    intermediate: x509.Certificate, anchors: tuple[x509.Certificate, ...]
) -> x509.Certificate:
    for anchor in anchors:
        if profile.issued_by(intermediate, anchor):
            return anchor
    raise profile.refused(Check.CHAIN, "no pinned root issued the intermediate")


def _require_path(
    leaf: x509.Certificate, intermediate: x509.Certificate, root: x509.Certificate
) -> None:
    """Judge the path (RFC 5280) at the first moment when all three are valid."""
    parts = (leaf, intermediate, root)
    at = max(part.not_valid_before_utc for part in parts)
    if at > min(part.not_valid_after_utc for part in parts):
        raise profile.refused(Check.CHAIN_TIME, "its certificates are never valid together")
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(at)
        .max_chain_depth(1)
        .extension_policies(ca_policy=_ca_policy(), ee_policy=_leaf_policy())
    )
    try:
        policy.build_client_verifier().verify(leaf, [intermediate])
    except (verification.VerificationError, ValueError) as error:
        raise profile.refused(Check.CHAIN, str(error)) from error


def _ca_policy() -> verification.ExtensionPolicy:
    """Web PKI rules for a CA, except that the extended key usage is judged in `profile`."""
    return verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, None
    )


def _leaf_policy() -> verification.ExtensionPolicy:
    """What a leaf must carry; its values are judged in `profile`."""
    critical, any_ = verification.Criticality.CRITICAL, verification.Criticality.AGNOSTIC
    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.KeyUsage, critical, None)
        .require_present(x509.BasicConstraints, any_, None)
        .require_present(x509.SubjectAlternativeName, any_, None)
    )
