"""``skreg pki status``: what there is, what ends when, what fails, and the command that is next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skreg.administration import with_pool
from skreg.bootstrap import utc_now
from skreg.db.pool import Connection, Pool, reading
from skreg.db.queries import pki
from skreg.db.queries.pki import SignatureCount
from skreg.errors import Missing
from skreg.pki import state_json
from skreg.pki.renew import warnings
from skreg.pki.state import ROOT, PkiState
from skreg.pki.successors import waiting
from skreg.pki.witness_key import witness_vkey
from skreg.publish import trouble
from skreg.publish.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that status goes by.

    Attributes:
        asked, granted: whether a request waits for the root, and a grant for the worker.
        root_mode, environment, root_at_hand: what the worker that started last said.
        keys, held: its configured keys as ``skreg.pki.successors.key_ids`` names them, and the
            ids of all it may use.
        witnessed: the log's Ed25519 public key, empty when it has none.
    """

    state: PkiState | None
    trouble: Trouble | None
    signatures: list[SignatureCount]
    asked: bool
    granted: bool
    root_mode: str
    environment: str
    root_at_hand: bool
    keys: dict[str, str]
    held: frozenset[str]
    witnessed: bytes


def status(data: Path | None) -> list[str]:
    """Return what there is of the PKI and what a person should do next, line by line."""
    found = with_pool(data, _read)
    told = _trouble(found)
    if found.state is None:
        return ["There is no PKI yet.", *told, f"Next: {_first_step(found)}"]
    facts = [*_facts(found.state), *_witnesses(found, found.state), *_signed(found)]
    return [*facts, *told, *_next(found, found.state, utc_now())]


def fingerprint(data: Path | None) -> str:
    """Return the fingerprint of the root that clients pin.

    Raises:
        Missing: there is no PKI yet.
    """
    state = with_pool(data, _read).state
    if state is None:
        raise Missing("There is no PKI yet.", fix="Run skreg pki status: it says what is next.")
    return state.root_fingerprint


async def _read(pool: Pool) -> Found:
    async with reading(pool) as connection:
        stored = await pki.read(connection, pki.STATE)
        held = json.loads(await pki.read(connection, pki.WORKER) or b"{}")
        return Found(
            state=None if stored is None else state_json.from_bytes(stored),
            trouble=await trouble.present(connection),
            signatures=await pki.signatures(connection),
            asked=await _has(connection, pki.REQUEST),
            granted=await _has(connection, pki.GRANT),
            root_mode=str(held.get("root_mode", "")),
            environment=str(held.get("environment", "")),
            root_at_hand=held.get("root_at_hand") is True,
            keys={str(role): str(one) for role, one in held.get("keys", {}).items()},
            held=frozenset(str(one) for one in held.get("held", ())),
            witnessed=bytes.fromhex(str(held.get("witnessed", ""))),
        )


async def _has(connection: Connection, name: str) -> bool:
    return bool(await pki.read(connection, name))


def _facts(state: PkiState) -> list[str]:
    lines = [
        f"registry     {state.registry_id}",
        f"root         {state.root_fingerprint}",
        f"leaf         until {state.leaf.not_valid_after_utc:%Y-%m-%d}, "
        f"serial {state.leaf.serial_number:x}",
        f"trust bundle {state.bundle_version}",
    ]
    for item in state.every_authority:
        generation = "" if item in state.authorities else " (replaced)"
        lines.append(
            f"{item.role:<12} until {item.certificate.not_valid_after_utc:%Y-%m-%d}, "
            f"CRL {item.crl_number} at /crl/{item.ca_id}.crl, "
            f"{len(item.revocations)} revoked, serial {item.certificate.serial_number:x}"
            f"{generation}"
        )
    return lines


def _witnesses(found: Found, state: PkiState) -> list[str]:
    if not found.witnessed:
        return []
    return [f"witnesses    {witness_vkey(found.witnessed, state.registry_id)}"]


def _signed(found: Found) -> list[str]:
    return [
        f"signed       {item.count} {item.purpose} with {item.key_ref}" for item in found.signatures
    ]


def _trouble(found: Found) -> list[str]:
    if found.trouble is None:
        return []
    text = found.trouble.text.replace("\n", "\n             ")
    return [f"failing      since {found.trouble.since}: {text}"]


def _first_step(found: Found) -> str:
    if found.granted:
        return "start the worker, which installs the grant; its log says why when it does not."
    if found.asked:
        return "have the request signed where the root is: skreg pki sign request.json --root URI"
    if found.root_mode == "managed" and found.root_at_hand:
        return "wait for the worker, which is about to make it with the managed root."
    if found.root_mode == "managed":
        return "name the root in ROOT_KEY_URI and start the worker, or: skreg pki request"
    if found.root_mode:
        return "make the request with the worker's settings: skreg pki request --out request.json"
    return (
        "start the worker with ROOT_MODE=managed and ROOT_KEY_URI, or hold a ceremony: "
        "skreg pki request --out request.json"
    )


def _next(found: Found, state: PkiState, now: datetime) -> list[str]:
    new = waiting(state, found.keys)
    lines = [*warnings(state, now), *_new_keys(found, state, new)]
    if found.granted:
        lines.append("A grant waits for the worker; its log says why when it stays.")
    elif found.asked:
        lines.append(
            "A request waits for the root: skreg pki sign request.json --root URI, then "
            "skreg pki install grant.json."
        )
    if found.root_at_hand and not new and found.environment != "dev":
        lines.append(
            "The ceremony is done; set ROOT_MODE=sealed, so that the worker may not use the root."
        )
    return lines or ["Nothing to do." if found.trouble is None else "Mend what fails."]


def _new_keys(found: Found, state: PkiState, new: tuple[str, ...]) -> list[str]:
    """Return what has to be done before the worker uses keys that it was given."""
    if not new or found.asked or found.granted:
        return []
    if state.root.ca_id in found.held:
        then = "It is about to have the root sign; its log says why when it stays so."
    elif ROOT in new:
        then = "Name the present root too, in FORMER_KEY_URIS, or: skreg pki request --new-root"
    else:
        then = "Ask the root: skreg pki request --out request.json"
    return [f"The worker has keys that no root has signed for: {', '.join(new)}. {then}"]
