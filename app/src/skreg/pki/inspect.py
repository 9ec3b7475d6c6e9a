"""Looks at a PKI with the client's own eyes: what no client would accept is not installed."""

from __future__ import annotations

from datetime import datetime

from cryptography.exceptions import InvalidSignature

from skillpkg.crypto import chain, crl, names, note, profile, trust
from skillpkg.errors import VerificationRefused
from skreg.errors import ConfigurationInvalid, KeyMismatch
from skreg.pki.keys import PkiKeys
from skreg.pki.profiles import policy_of
from skreg.pki.state import PkiState


def require_sound(state: PkiState, keys: PkiKeys, now: datetime) -> None:
    """Require that a client which pins the root would believe this state.

    Raises:
        ConfigurationInvalid: a certificate, CRL or the trust bundle would be refused.
        KeyMismatch: the bundle names another log key than the one configured.
    """
    try:
        bundle = trust.open_bundle(state.bundle, state.root_fingerprint)
        leaf = state.chain_of(keys.signing.spki()) or state.signing_chain
        roots, registry = bundle.root_certificates, bundle.registry_id
        chain.verify_chain(leaf, roots, now, registry_id=registry)
        _require_publisher_ca(state)
        for authority in state.every_authority:
            crl.check_crl(authority.crl, authority.certificate, now, authority.crl_number)
    except (VerificationRefused, InvalidSignature, ValueError, TypeError) as error:
        raise ConfigurationInvalid(
            "The root's grant would be refused by every client.",
            why=str(error) or "A certificate is not signed by the root.",
            fix="Have the request signed again: skreg pki sign.",
        ) from error
    _require_log_key(bundle, keys)


def _require_publisher_ca(state: PkiState) -> None:
    certificate = state.publisher_ca.certificate
    profile.require_intermediate(certificate)
    certificate.verify_directly_issued_by(state.root.certificate)
    if policy_of(certificate) != names.PUBLISHER_SIGNED:
        raise ValueError("The publisher CA's certificate does not carry the publishers' policy.")


def _require_log_key(bundle: trust.TrustBundle, keys: PkiKeys) -> None:
    ours = {note.ecdsa_key_id(key.spki()) for key in (keys.log, *keys.former)}
    if not ours & {key.verifier.key_id for key in bundle.logs}:
        raise KeyMismatch(
            "The trust bundle names another log key than the one configured.",
            why=f"It does not hold the public key of {keys.log.key_ref}.",
            fix="Make a new request with skreg pki request and have it signed.",
        )
