"""Who may read which packages of a private registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows

_MEMBER = """EXISTS (SELECT 1 FROM memberships m
             WHERE m.namespace_id = n.id AND m.account_id = :account)"""
_NAMED = """EXISTS (SELECT 1 FROM package_readers r
            WHERE r.package_id = p.id AND r.account_id = :account)"""
_VISIBLE = """EXISTS (SELECT 1 FROM versions v WHERE v.package_id = p.id
              AND v.state IN ('published', 'yanked', 'withdrawn'))"""
_RESTRICTED = "coalesce(p.restricted, n.restricted)"


@dataclass(frozen=True, slots=True)
class Sight:
    """The packages that lists may show, by number.

    Attributes:
        only: nothing else is shown; None for no such bound.
        hidden: these are not shown.
    """

    only: Sequence[int] | None = None
    hidden: Sequence[int] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything is seen."""
        return self.only is None and not self.hidden

    def condition(self, column: str) -> str:
        """Return the SQL condition on a package's number, to follow an AND; parts are bound."""
        return (
            f"(CAST(:sight_only AS bigint[]) IS NULL OR {column} = ANY(:sight_only))"
            f" AND {column} <> ALL(CAST(:sight_hidden AS bigint[]))"
        )

    def values(self) -> dict[str, object]:
        """Return what ``condition`` binds."""
        only = None if self.only is None else list(self.only)
        return {"sight_only": only, "sight_hidden": list(self.hidden)}


WHOLE = Sight()
"""Everything."""


async def may_read(connection: Connection, account_id: int, namespace: str, name: str) -> bool:
    """Whether an account may read a package: one answer for "no right" and "no such package"."""
    sql = f"""
        SELECT EXISTS (SELECT 1 FROM namespaces n WHERE n.name = :ns AND ({_MEMBER} OR EXISTS (
            SELECT 1 FROM packages p WHERE p.namespace_id = n.id AND p.name = :name
            AND {_VISIBLE} AND (NOT {_RESTRICTED} OR {_NAMED}))))"""  # noqa: S608
    values = {"account": account_id, "ns": namespace, "name": name}
    return bool(await rows.scalar(connection, sql, values))


async def hidden_from(connection: Connection, account_id: int) -> list[int]:
    """Return the restricted packages that an account may not read."""
    sql = f"""
        SELECT p.id FROM packages p JOIN namespaces n ON n.id = p.namespace_id
        WHERE {_RESTRICTED} AND NOT {_MEMBER} AND NOT {_NAMED} ORDER BY p.id"""  # noqa: S608
    return await rows.all_rows(connection, int, sql, {"account": account_id})


async def within_limits(connection: Connection, limits: Sequence[str]) -> list[int]:
    """Return the packages that a token's limits name."""
    sql = """
        SELECT p.id FROM packages p JOIN namespaces n ON n.id = p.namespace_id
        WHERE n.name = ANY(:limits) OR n.name || '/' || p.name = ANY(:limits) ORDER BY p.id"""
    return await rows.all_rows(connection, int, sql, {"limits": list(limits)})


@dataclass(frozen=True, slots=True)
class PackageAccess:
    """A package's own setting (None: as its namespace has it), and that of its namespace."""

    id: int
    restricted: bool | None
    namespace_restricted: bool


async def access_to(connection: Connection, namespace: str, name: str) -> PackageAccess | None:
    """Return who a package is for."""
    sql = """
        SELECT p.id, p.restricted, n.restricted FROM packages p
        JOIN namespaces n ON n.id = p.namespace_id WHERE n.name = :ns AND p.name = :name"""
    return await rows.one_row(connection, PackageAccess, sql, {"ns": namespace, "name": name})


async def readers_of(connection: Connection, package_id: int) -> list[str]:
    """Return the accounts that are readers of the package by name."""
    sql = """
        SELECT a.username FROM package_readers r JOIN accounts a ON a.id = r.account_id
        WHERE r.package_id = :id ORDER BY a.username"""
    return await rows.all_rows(connection, str, sql, {"id": package_id})


async def set_restricted(
    connection: Connection, package_id: int, *, restricted: bool | None
) -> None:
    """Set whether only readers may read the package."""
    sql = "UPDATE packages SET restricted = :restricted WHERE id = :id"
    await rows.run(connection, sql, {"id": package_id, "restricted": restricted})


async def restrict_namespace(
    connection: Connection, namespace_id: int, *, restricted: bool
) -> None:
    """Set what packages of the namespace are that say nothing themselves."""
    sql = "UPDATE namespaces SET restricted = :restricted WHERE id = :id"
    await rows.run(connection, sql, {"id": namespace_id, "restricted": restricted})


async def add_reader(connection: Connection, package_id: int, username: str) -> bool:
    """Let an account read the package; False when there is no such account."""
    sql = """
        WITH found AS (SELECT id FROM accounts WHERE username = :name),
             made AS (INSERT INTO package_readers (package_id, account_id)
                      SELECT :package, id FROM found ON CONFLICT DO NOTHING)
        SELECT count(*) FROM found"""
    values = {"package": package_id, "name": username}
    return bool(await rows.scalar(connection, sql, values))


async def remove_reader(connection: Connection, package_id: int, username: str) -> bool:
    """Take an account's name off the readers; False when it was none."""
    sql = """
        DELETE FROM package_readers WHERE package_id = :package
        AND account_id = (SELECT id FROM accounts WHERE username = :name)"""
    values = {"package": package_id, "name": username}
    return await rows.run(connection, sql, values) == 1
