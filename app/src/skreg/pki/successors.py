"""Keys that are configured and new: who knows them, and having a root at hand sign for them.

A key that the PKI has seen before is never new, so a worker that still runs with a replaced key
beside its successor's asks for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from skillpkg.crypto import names, trust
from skreg.pki.bundle import log_key_ids
from skreg.pki.ceremony import grant, install, request
from skreg.pki.keys import PkiKeys
from skreg.pki.state import PUBLISHER_CA, REGISTRY_CA, ROOT, PkiChange, PkiState, certificate_spki

LOG = "log"


def key_ids(keys: PkiKeys) -> dict[str, str]:
    """Return what identifies each configured key that a root has to sign for, by its role."""
    signers = {REGISTRY_CA: keys.registry_ca, PUBLISHER_CA: keys.publisher_ca, LOG: keys.log}
    if keys.root is not None:
        signers[ROOT] = keys.root
    return {role: names.ca_id(signer.spki()) for role, signer in signers.items()}


def waiting(state: PkiState, ids: Mapping[str, str]) -> tuple[str, ...]:
    """Return the roles whose configured key no root has signed for, as ``key_ids`` names them."""
    authorities = {item.ca_id for item in state.every_authority}
    bundle = trust.open_bundle(state.bundle, state.root_fingerprint)
    logs = log_key_ids(bundle)
    return tuple(
        role for role, one in ids.items() if one not in (logs if role == LOG else authorities)
    )


def succeed_at_hand(state: PkiState, keys: PkiKeys, now: datetime) -> PkiChange | None:
    """Have the registry's root sign for every new key; None when none is or it is not at hand.

    A new root is signed for by the present one, which then has to be among the former keys.

    Raises:
        SigningUnavailable, KeyMissing, KeyDisabled: from the backends.
    """
    new = waiting(state, key_ids(keys))
    root = keys.holding(certificate_spki(state.root.certificate))
    if not new or root is None:
        return None
    new_root = keys.root if ROOT in new else None
    asked = request(keys, None, state, replaces_root=new_root is not None)
    return install(grant(asked, root, now, new_root), keys, now, state)
