"""What an operator does by hand, against ``DATABASE_URL`` or a running ``skreg up``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from skreg.api.services.passwords import Passwords
from skreg.bootstrap import open_access, utc_now
from skreg.db.access import DatabaseAccess
from skreg.db.engine import open_engine, reading, writing
from skreg.db.queries import accounts, pki, rows
from skreg.domain.permissions import MemberRole
from skreg.embedded import socket_folder
from skreg.errors import Missing
from skreg.pki import state_json
from skreg.pki.renew import warnings
from skreg.pki.state import PkiState
from skreg.settings import has_database_url, load_settings
from skreg.up_layout import layout_of

T = TypeVar("T")


def pki_status(data: Path | None) -> list[str]:
    """Return what there is of the PKI and what a person should do next, line by line."""
    state = with_engine(data, _state)
    if state is None:
        return [
            "There is no PKI yet.",
            "Next: start the worker with ROOT_MODE=managed and ROOT_KEY_URI, or hold a ceremony.",
        ]
    lines = [
        f"registry     {state.registry_id}",
        f"root         {state.root_fingerprint}",
        f"leaf         until {state.leaf.not_valid_after_utc:%Y-%m-%d}",
        f"trust bundle {state.bundle_version}",
    ]
    lines += [
        f"{item.role:<12} until {item.certificate.not_valid_after_utc:%Y-%m-%d}, "
        f"CRL {item.crl_number}, {len(item.revocations)} revoked"
        for item in state.authorities
    ]
    return [*lines, *(warnings(state, utc_now()) or ("Nothing to do.",))]


def root_fingerprint(data: Path | None) -> str:
    """Return what a client pins, ``sha256:…``.

    Raises:
        Missing: there is no PKI yet.
    """
    state = with_engine(data, _state)
    if state is None:
        raise Missing("There is no root yet.", fix="skreg pki status prints the next step.")
    return state.root_fingerprint


def create_admin(data: Path | None, username: str, password: str) -> None:
    """Create an account with administrator's rights, or give them to one that exists."""

    async def create(engine: AsyncEngine) -> None:
        encoded = await Passwords().hash(password)
        async with writing(engine) as connection:
            account = await accounts.insert(connection, username, encoded, None, is_admin=True)
            if account is None:
                sql = "UPDATE accounts SET is_admin = true WHERE username = :name"
                await rows.run(connection, sql, {"name": username})
            else:
                namespace = await accounts.insert_namespace(connection, username, "individual")
                if namespace is not None:
                    owner = MemberRole.OWNER
                    await accounts.set_member(connection, namespace, account, owner)
            await accounts.record(connection, account, "admin-created", username)

    with_engine(data, create)


async def _state(engine: AsyncEngine) -> PkiState | None:
    async with reading(engine) as connection:
        stored = await pki.read(connection, pki.STATE)
    return None if stored is None else state_json.from_bytes(stored)


def with_engine(data: Path | None, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Run ``work`` on that database, with an event loop of its own."""

    async def run() -> T:
        engine = open_engine(database_of(data), 1)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def database_of(data: Path | None) -> DatabaseAccess:
    """Return ``DATABASE_URL``'s access, or that of the ``skreg up`` on a data folder."""
    if data is None and has_database_url():
        return open_access(load_settings())
    folder = layout_of(data).database
    return DatabaseAccess(f"postgresql://postgres@/postgres?host={socket_folder(folder)}")
