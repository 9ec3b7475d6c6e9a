"""Packages that go on under another name, and those that are offered to another namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class Moving:
    """A package as moves need it; ``moved_to`` is another package's number, None for none."""

    id: int
    namespace_id: int
    namespace: str
    name: str
    moved_to: int | None


_PACKAGE = """
    SELECT p.id, p.namespace_id, n.name, p.name, p.moved_to
    FROM packages p JOIN namespaces n ON n.id = p.namespace_id
    """


async def package(connection: Connection, namespace: str, name: str) -> Moving | None:
    """Return the package of that name; None when there is none."""
    sql = f"{_PACKAGE} WHERE n.name = :ns AND p.name = :name"
    return await rows.one_row(connection, Moving, sql, {"ns": namespace, "name": name})


async def package_by_id(connection: Connection, package_id: int) -> Moving | None:
    """Return a package by its number."""
    return await rows.one_row(
        connection, Moving, f"{_PACKAGE} WHERE p.id = :id", {"id": package_id}
    )


async def lock_package(connection: Connection, package_id: int) -> Moving | None:
    """Return a package and hold its row until the transaction ends."""
    sql = f"{_PACKAGE} WHERE p.id = :id FOR NO KEY UPDATE OF p"
    return await rows.one_row(connection, Moving, sql, {"id": package_id})


async def target_of(connection: Connection, package_id: int) -> str | None:
    """Return ``ns/name`` that a package moved to, None for one that stays."""
    sql = """
        SELECT n.name || '/' || t.name FROM packages p
        JOIN packages t ON t.id = p.moved_to JOIN namespaces n ON n.id = t.namespace_id
        WHERE p.id = :id"""
    found: str | None = await rows.scalar(connection, sql, {"id": package_id})
    return found


@dataclass(frozen=True, slots=True)
class Target:
    """Where a name leads; ``is_visible`` once a version can be read there."""

    package: str
    is_visible: bool


async def target_of_name(connection: Connection, namespace: str, name: str) -> Target | None:
    """Return what an old name leads to; None for a name that did not move."""
    sql = """
        SELECT tn.name || '/' || t.name, EXISTS (
            SELECT 1 FROM versions v WHERE v.package_id = t.id
            AND v.state IN ('published', 'yanked', 'withdrawn'))
        FROM packages p JOIN namespaces n ON n.id = p.namespace_id
        JOIN packages t ON t.id = p.moved_to JOIN namespaces tn ON tn.id = t.namespace_id
        WHERE n.name = :ns AND p.name = :name"""
    return await rows.one_row(connection, Target, sql, {"ns": namespace, "name": name})


async def move(connection: Connection, old: int, new: int) -> None:
    """Let ``old``, and every name that led to it, lead to ``new``; their documents say so."""
    values = {"old": old, "new": new}
    here = """
        UPDATE packages SET moved_to = NULL, revision = revision + 1
        WHERE id = :new AND moved_to IS NOT NULL"""
    await rows.run(connection, here, values)
    sql = """
        UPDATE packages SET moved_to = :new, revision = revision + 1
        WHERE (id = :old OR moved_to = :old) AND id <> :new"""
    await rows.run(connection, sql, values)


async def copy_readers(connection: Connection, old: int, new: int) -> None:
    """Let a package be read by whoever could read the one it comes from, and by nobody else."""
    values = {"old": old, "new": new}
    sql = """
        UPDATE packages SET restricted = (
            SELECT coalesce(p.restricted, n.restricted) FROM packages p
            JOIN namespaces n ON n.id = p.namespace_id WHERE p.id = :old)
        WHERE id = :new"""
    await rows.run(connection, sql, values)
    readers = """
        INSERT INTO package_readers (package_id, account_id)
        SELECT :new, account_id FROM package_readers WHERE package_id = :old
        ON CONFLICT DO NOTHING"""
    await rows.run(connection, readers, values)


async def hide_moved(connection: Connection, package_id: int) -> bool:
    """Whether search must not show a package because it shows it under its new name.

    The other way round, what led to this package leaves the search once this one is in it.
    """
    gone = """
        DELETE FROM package_search WHERE package_id IN (
            SELECT id FROM packages WHERE moved_to = :id)
        AND EXISTS (SELECT 1 FROM versions WHERE package_id = :id AND state = 'published')"""
    await rows.run(connection, gone, {"id": package_id})
    sql = """
        SELECT EXISTS (
            SELECT 1 FROM packages p JOIN versions v ON v.package_id = p.moved_to
            WHERE p.id = :id AND v.state = 'published')"""
    return bool(await rows.scalar(connection, sql, {"id": package_id}))


@dataclass(frozen=True, slots=True)
class Offer:
    """A transfer that waits for an answer."""

    id: str
    package_id: int
    namespace: str
    name: str
    to_namespace_id: int
    to_namespace: str
    to_name: str
    asked_by: str
    created_at: datetime
    expires_at: datetime


_OFFER = """
    SELECT t.id, t.package_id, n.name, p.name, t.to_namespace_id, tn.name, t.to_name, a.username,
           t.created_at, t.expires_at
    FROM transfers t
    JOIN packages p ON p.id = t.package_id
    JOIN namespaces n ON n.id = p.namespace_id
    JOIN namespaces tn ON tn.id = t.to_namespace_id
    JOIN accounts a ON a.id = t.asked_by
    """


async def insert_offer(
    connection: Connection,
    *,
    offer_id: str,
    package_id: int,
    to_namespace_id: int,
    to_name: str,
    asked_by: int,
    expires_at: datetime,
) -> bool:
    """Keep an offer; False when one for this package waits already. Expired ones are replaced."""
    values: dict[str, object] = {"id": offer_id, "package": package_id, "ns": to_namespace_id}
    values |= {"name": to_name, "account": asked_by, "expires": expires_at}
    late = "DELETE FROM transfers WHERE package_id = :package AND expires_at <= now()"
    await rows.run(connection, late, values)
    sql = """
        INSERT INTO transfers (id, package_id, to_namespace_id, to_name, asked_by, expires_at)
        VALUES (:id, :package, :ns, :name, :account, :expires)
        ON CONFLICT (package_id) DO NOTHING"""
    return await rows.run(connection, sql, values) == 1


async def lock_offer(connection: Connection, offer_id: str) -> Offer | None:
    """Return an offer that still holds, and keep others from answering it meanwhile."""
    sql = f"{_OFFER} WHERE t.id = :id AND t.expires_at > now() FOR UPDATE OF t"
    return await rows.one_row(connection, Offer, sql, {"id": offer_id})


async def offer(connection: Connection, offer_id: str) -> Offer | None:
    """Return an offer that still holds."""
    sql = f"{_OFFER} WHERE t.id = :id AND t.expires_at > now()"
    return await rows.one_row(connection, Offer, sql, {"id": offer_id})


async def offers_of(connection: Connection, account_id: int) -> list[Offer]:
    """Return the offers from and to namespaces that the account owns, oldest first."""
    sql = f"""{_OFFER} WHERE t.expires_at > now() AND EXISTS (
            SELECT 1 FROM memberships m
            WHERE m.account_id = :account AND m.role = 'owner'
              AND m.namespace_id IN (p.namespace_id, t.to_namespace_id))
        ORDER BY t.created_at, t.id"""  # noqa: S608
    return await rows.all_rows(connection, Offer, sql, {"account": account_id})


async def delete_offer(connection: Connection, offer_id: str) -> None:
    """Remove an offer that was answered."""
    await rows.run(connection, "DELETE FROM transfers WHERE id = :id", {"id": offer_id})
