"""Which of the process's keys signs, by what certificates and trust bundle say of them."""

from __future__ import annotations

from datetime import datetime

from skillpkg.crypto import names, note, trust
from skreg.errors import KeyMismatch
from skreg.pki.keys import PkiKeys
from skreg.pki.state import PkiState
from skreg.publish.log.sequencer import LogKeys
from skreg.publish.sign.leaf import SigningLeaf


def signing_leaf(keys: PkiKeys, state: PkiState) -> SigningLeaf:
    """Return the signing key with its own newest leaf.

    Raises:
        KeyMismatch: the key has no leaf; renewing makes one.
    """
    chain = state.chain_of(keys.signing.spki())
    return SigningLeaf(keys.signing, chain or state.signing_chain)


def log_keys(keys: PkiKeys, state: PkiState, now: datetime) -> LogKeys:
    """Return the log's keys: the newest at hand that the trust bundle names now signs.

    A key that is configured and not yet in the bundle waits; the one before it goes on.

    Raises:
        KeyMismatch: no key at hand is in the bundle.
    """
    bundle = trust.open_bundle(state.bundle, state.root_fingerprint)
    named = {key.verifier.key_id for key in bundle.logs if key.covers(now)}
    for signer in (keys.log, *keys.former):
        if note.ecdsa_key_id(signer.spki()) in named:
            former = tuple(key.vkey for key in bundle.logs)
            origin = names.log_origin(state.registry_id)
            return LogKeys(origin, signer, witnessed=keys.witnessed, former=former)
    raise KeyMismatch(
        "The trust bundle names no log key that is at hand.",
        why=f"{keys.log.key_ref} is not in bundle {state.bundle_version}.",
        fix="Give the replaced key in FORMER_KEY_URIS, and let the new one into the bundle: "
        "skreg pki rotate log.",
    )
