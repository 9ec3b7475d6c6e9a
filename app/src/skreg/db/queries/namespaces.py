"""Namespaces, their members, invitations, and the domains they have proved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class NamespaceFacts:
    """What anybody may know of a namespace."""

    id: int
    name: str
    kind: str
    created_at: datetime
    banned_at: datetime | None
    banned_reason: str | None


async def by_name(connection: Connection, name: str) -> NamespaceFacts | None:
    """Return a namespace."""
    sql = """
        SELECT id, name, kind, created_at, banned_at, banned_reason FROM namespaces
        WHERE name = :name"""
    return await rows.one_row(connection, NamespaceFacts, sql, {"name": name})


async def lock(connection: Connection, namespace_id: int) -> None:
    """Hold the namespace's row until the transaction ends: its owners are counted and changed."""
    sql = "SELECT id FROM namespaces WHERE id = :id FOR UPDATE"
    await rows.run(connection, sql, {"id": namespace_id})


@dataclass(frozen=True, slots=True)
class OwnNamespace:
    """A namespace of the caller's, with the role there."""

    name: str
    kind: str
    role: str


async def of_account(connection: Connection, account_id: int) -> list[OwnNamespace]:
    """Return the account's namespaces by name."""
    sql = """
        SELECT n.name, n.kind, m.role FROM memberships m JOIN namespaces n ON n.id = m.namespace_id
        WHERE m.account_id = :id ORDER BY n.name"""
    return await rows.all_rows(connection, OwnNamespace, sql, {"id": account_id})


async def count_owned(connection: Connection, account_id: int) -> int:
    """Return how many organisations an account owns, and hold its row until the end."""
    held = "SELECT id FROM accounts WHERE id = :id FOR UPDATE"
    await rows.run(connection, held, {"id": account_id})
    sql = """
        SELECT count(*) FROM memberships m JOIN namespaces n ON n.id = m.namespace_id
        WHERE m.account_id = :id AND m.role = 'owner' AND n.kind = 'organisation'"""
    return int(await rows.scalar(connection, sql, {"id": account_id}))


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """A member."""

    username: str
    role: str
    since: datetime


async def members(connection: Connection, namespace_id: int) -> list[MemberFacts]:
    """Return the members by name."""
    sql = """
        SELECT a.username, m.role, m.created_at FROM memberships m
        JOIN accounts a ON a.id = m.account_id WHERE m.namespace_id = :id ORDER BY a.username"""
    return await rows.all_rows(connection, MemberFacts, sql, {"id": namespace_id})


async def role_of(connection: Connection, namespace_id: int, account_id: int) -> str | None:
    """Return an account's role, None for no member."""
    sql = "SELECT role FROM memberships WHERE namespace_id = :ns AND account_id = :account"
    found: str | None = await rows.scalar(
        connection, sql, {"ns": namespace_id, "account": account_id}
    )
    return found


async def other_owners(connection: Connection, namespace_id: int, account_id: int) -> int:
    """Return how many owners, of accounts that may log in, there are beside one."""
    sql = """
        SELECT count(*) FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.namespace_id = :ns AND m.role = 'owner' AND m.account_id <> :account
          AND a.disabled_at IS NULL"""
    return int(await rows.scalar(connection, sql, {"ns": namespace_id, "account": account_id}))


async def owner_addresses(connection: Connection, namespace_id: int) -> list[str]:
    """Return the mail addresses of the owners that have one and may log in."""
    sql = """
        SELECT a.email FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.namespace_id = :ns AND m.role = 'owner' AND a.email IS NOT NULL
          AND a.disabled_at IS NULL ORDER BY a.email"""
    return await rows.all_rows(connection, str, sql, {"ns": namespace_id})


async def remove_member(connection: Connection, namespace_id: int, account_id: int) -> None:
    """Remove a member."""
    sql = "DELETE FROM memberships WHERE namespace_id = :ns AND account_id = :account"
    await rows.run(connection, sql, {"ns": namespace_id, "account": account_id})


async def set_banned(connection: Connection, namespace_id: int, reason: str | None) -> None:
    """Ban a namespace with a reason; None lifts the ban."""
    sql = """
        UPDATE namespaces SET banned_reason = :reason,
            banned_at = CASE WHEN CAST(:reason AS text) IS NULL THEN NULL
                             ELSE coalesce(banned_at, now()) END
        WHERE id = :id"""
    await rows.run(connection, sql, {"id": namespace_id, "reason": reason})


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """An open invitation."""

    id: str
    namespace: str
    namespace_id: int
    account_id: int
    username: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime


_INVITATIONS = """
    SELECT i.id, n.name, n.id, a.id, a.username, i.role, b.username, i.created_at, i.expires_at
    FROM invitations i JOIN namespaces n ON n.id = i.namespace_id
    JOIN accounts a ON a.id = i.account_id JOIN accounts b ON b.id = i.invited_by
    WHERE i.expires_at > now() AND"""


async def invite(
    connection: Connection,
    *,
    invitation_id: str,
    namespace_id: int,
    account_id: int,
    role: str,
    invited_by: int,
    expires_at: datetime,
) -> None:
    """Invite an account; an invitation it had there before is replaced."""
    await rows.run(connection, "DELETE FROM invitations WHERE expires_at < now()")
    sql = """
        INSERT INTO invitations (id, namespace_id, account_id, role, invited_by, expires_at)
        VALUES (:id, :ns, :account, :role, :by, :expires)
        ON CONFLICT (namespace_id, account_id) DO UPDATE SET id = excluded.id,
            role = excluded.role, invited_by = excluded.invited_by, created_at = now(),
            expires_at = excluded.expires_at"""
    values = {"id": invitation_id, "ns": namespace_id, "account": account_id, "role": role}
    await rows.run(connection, sql, {**values, "by": invited_by, "expires": expires_at})


async def invitations_to(connection: Connection, namespace_id: int) -> list[InvitationFacts]:
    """Return a namespace's open invitations, newest first."""
    sql = f"{_INVITATIONS} n.id = :id ORDER BY i.created_at DESC, i.id"
    return await rows.all_rows(connection, InvitationFacts, sql, {"id": namespace_id})


async def invitations_for(connection: Connection, account_id: int) -> list[InvitationFacts]:
    """Return the open invitations an account has, newest first."""
    sql = f"{_INVITATIONS} a.id = :id ORDER BY i.created_at DESC, i.id"
    return await rows.all_rows(connection, InvitationFacts, sql, {"id": account_id})


async def invitation(connection: Connection, invitation_id: str) -> InvitationFacts | None:
    """Return one open invitation and hold it until the transaction ends."""
    sql = f"{_INVITATIONS} i.id = :id FOR UPDATE OF i"
    return await rows.one_row(connection, InvitationFacts, sql, {"id": invitation_id})


async def remove_invitation(connection: Connection, invitation_id: str) -> None:
    """Forget an invitation."""
    await rows.run(connection, "DELETE FROM invitations WHERE id = :id", {"id": invitation_id})


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """A domain a namespace claims, and what has to be shown there."""

    domain: str
    challenge: str
    created_at: datetime
    verified_at: datetime | None
    method: str | None


_DOMAINS = "SELECT domain, challenge, created_at, verified_at, method FROM namespace_domains"


async def domains(connection: Connection, namespace_id: int) -> list[DomainFacts]:
    """Return a namespace's domains by name."""
    sql = f"{_DOMAINS} WHERE namespace_id = :id ORDER BY domain"
    return await rows.all_rows(connection, DomainFacts, sql, {"id": namespace_id})


async def domain(connection: Connection, namespace_id: int, name: str) -> DomainFacts | None:
    """Return one domain of a namespace."""
    sql = f"{_DOMAINS} WHERE namespace_id = :id AND domain = :name"
    return await rows.one_row(connection, DomainFacts, sql, {"id": namespace_id, "name": name})


async def claim_domain(
    connection: Connection, namespace_id: int, name: str, challenge: str
) -> None:
    """Claim a domain; a claim that is there keeps its challenge."""
    sql = """
        INSERT INTO namespace_domains (namespace_id, domain, challenge)
        VALUES (:id, :name, :challenge) ON CONFLICT DO NOTHING"""
    values = {"id": namespace_id, "name": name, "challenge": challenge}
    await rows.run(connection, sql, values)


async def prove_domain(connection: Connection, namespace_id: int, name: str, method: str) -> None:
    """Note that a domain showed the challenge; whoever had proved it before has lost it."""
    values = {"id": namespace_id, "name": name, "method": method}
    sql = """
        UPDATE namespace_domains SET verified_at = NULL, method = NULL
        WHERE domain = :name AND namespace_id <> :id"""
    await rows.run(connection, sql, values)
    sql = """
        UPDATE namespace_domains SET verified_at = now(), method = :method
        WHERE namespace_id = :id AND domain = :name"""
    await rows.run(connection, sql, values)


async def remove_domain(connection: Connection, namespace_id: int, name: str) -> bool:
    """Give a domain up; False when it was not claimed."""
    sql = "DELETE FROM namespace_domains WHERE namespace_id = :id AND domain = :name"
    return await rows.run(connection, sql, {"id": namespace_id, "name": name}) == 1
