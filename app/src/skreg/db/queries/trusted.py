"""Trusted publishers, the tokens minted for them, and the identity tokens that were used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class Publisher:
    """A CI workflow that may publish a package; ``package_id`` is None while it is pending.

    ``owner_id`` and ``repository_id`` are the provider's numbers, None until they are known.
    """

    id: str
    package_id: int | None
    provider: str
    issuer: str
    owner: str
    owner_id: str | None
    repository: str
    repository_id: str | None
    workflow: str
    environment: str
    created_at: datetime
    last_used_at: datetime | None


_PUBLISHER = """
    SELECT t.id, t.package_id, t.provider, t.issuer, t.owner, t.owner_id, t.repository,
           t.repository_id, t.workflow, t.environment, t.created_at, t.last_used_at
    FROM trusted_publishers t JOIN namespaces n ON n.id = t.namespace_id
    """


async def publishers(connection: Connection, namespace: str, name: str) -> list[Publisher]:
    """Return a package's publishers, pending ones included, oldest first."""
    sql = f"{_PUBLISHER} WHERE n.name = :ns AND t.name = :name ORDER BY t.created_at, t.id"
    return await rows.all_rows(connection, Publisher, sql, {"ns": namespace, "name": name})


async def lock_publishers(
    connection: Connection, namespace: str, name: str, issuer: str
) -> list[Publisher]:
    """Return a package's publishers of one issuer and hold their rows until the end."""
    sql = f"""{_PUBLISHER} WHERE n.name = :ns AND t.name = :name AND t.issuer = :issuer
        AND n.banned_at IS NULL ORDER BY t.created_at, t.id FOR UPDATE OF t"""
    values = {"ns": namespace, "name": name, "issuer": issuer}
    return await rows.all_rows(connection, Publisher, sql, values)


async def insert_publisher(
    connection: Connection,
    publisher: Publisher,
    *,
    namespace_id: int,
    name: str,
    look_alike: str,
    created_by: int,
) -> bool:
    """Keep a publisher; False when the same one is there already."""
    sql = """
        INSERT INTO trusted_publishers
            (id, namespace_id, name, look_alike, package_id, provider, issuer, owner, owner_id,
             repository, repository_id, workflow, environment, created_by, created_at)
        VALUES (:id, :ns, :name, :twin, :package, :provider, :issuer, :owner, :owner_id,
                :repository, :repository_id, :workflow, :environment, :account, :at)
        ON CONFLICT DO NOTHING"""
    values: dict[str, object] = {"id": publisher.id, "ns": namespace_id, "name": name}
    values |= {"twin": look_alike, "package": publisher.package_id, "account": created_by}
    values |= {"provider": publisher.provider, "issuer": publisher.issuer}
    values |= {"owner": publisher.owner, "owner_id": publisher.owner_id}
    values |= {"repository": publisher.repository, "repository_id": publisher.repository_id}
    values |= {"workflow": publisher.workflow, "environment": publisher.environment}
    return await rows.run(connection, sql, {**values, "at": publisher.created_at}) == 1


async def delete_publisher(
    connection: Connection, namespace: str, name: str, publisher_id: str
) -> bool:
    """Remove a publisher and revoke the tokens minted for it; False when there is none."""
    values = {"id": publisher_id, "ns": namespace, "name": name}
    sql = """
        DELETE FROM trusted_publishers WHERE id = :id AND name = :name
          AND namespace_id = (SELECT id FROM namespaces WHERE name = :ns)"""
    if not await rows.run(connection, sql, values):
        return False
    revoke = """
        UPDATE tokens SET revoked_at = now() WHERE revoked_at IS NULL
          AND id IN (SELECT token_id FROM publisher_tokens WHERE publisher_id = :id)"""
    await rows.run(connection, revoke, values)
    return True


async def pending_like(
    connection: Connection, namespace_id: int, name: str, look_alike: str
) -> str | None:
    """Return a name that waits for its first upload and looks like ``name`` without being it."""
    sql = """
        SELECT name FROM trusted_publishers
        WHERE namespace_id = :ns AND look_alike = :twin AND name <> :name AND package_id IS NULL
        LIMIT 1"""
    values = {"ns": namespace_id, "name": name, "twin": look_alike}
    found: str | None = await rows.scalar(connection, sql, values)
    return found


async def reify(connection: Connection, namespace_id: int, name: str, package_id: int) -> None:
    """Make the pending publishers of a package that now exists its publishers."""
    sql = """
        UPDATE trusted_publishers SET package_id = :package
        WHERE namespace_id = :ns AND name = :name AND package_id IS NULL"""
    values = {"ns": namespace_id, "name": name, "package": package_id}
    await rows.run(connection, sql, values)


async def rename(connection: Connection, old: int, new: int, name: str, look_alike: str) -> None:
    """Let the publishers of a package publish it under its new name in the same namespace."""
    sql = """
        UPDATE trusted_publishers SET package_id = :new, name = :name, look_alike = :twin
        WHERE package_id = :old"""
    await rows.run(connection, sql, {"old": old, "new": new, "name": name, "twin": look_alike})


async def note_use(
    connection: Connection, publisher_id: str, owner_id: str, repository_id: str
) -> None:
    """Note a use, and the provider's numbers that were not known before."""
    sql = """
        UPDATE trusted_publishers SET last_used_at = now(),
            owner_id = coalesce(owner_id, :owner),
            repository_id = coalesce(repository_id, :repository)
        WHERE id = :id"""
    values = {"id": publisher_id, "owner": owner_id, "repository": repository_id}
    await rows.run(connection, sql, values)


async def claim_identity_token(
    connection: Connection, issuer: str, jti: str, expires_at: datetime
) -> bool:
    """Take an identity token for this transaction; False when it was used before.

    Waits for a transaction that is using the same one. Rows of tokens that cannot be good any
    more are removed.
    """
    await rows.run(connection, "DELETE FROM used_identity_tokens WHERE expires_at < now()")
    sql = """
        INSERT INTO used_identity_tokens (issuer, jti, expires_at) VALUES (:issuer, :jti, :expires)
        ON CONFLICT (issuer, jti) DO NOTHING"""
    values = {"issuer": issuer, "jti": jti, "expires": expires_at}
    return await rows.run(connection, sql, values) == 1


async def keep_token(
    connection: Connection, token_id: str, publisher_id: str, claims: Mapping[str, object]
) -> None:
    """Keep which publisher a token was minted for, and what its identity token said."""
    sql = """
        INSERT INTO publisher_tokens (token_id, publisher_id, claims)
        VALUES (:token, :publisher, CAST(:claims AS jsonb))"""
    values = {"token": token_id, "publisher": publisher_id, "claims": json.dumps(claims)}
    await rows.run(connection, sql, values)


@dataclass(frozen=True, slots=True)
class TokenOrigin:
    """Which publisher a token was minted for, and what the identity token said."""

    publisher_id: str
    claims: Mapping[str, object]


async def origin_of(connection: Connection, token_id: str) -> TokenOrigin | None:
    """Return where a minted token comes from; None for any other token."""
    sql = "SELECT publisher_id, claims FROM publisher_tokens WHERE token_id = :id"
    return await rows.one_row(connection, TokenOrigin, sql, {"id": token_id})


async def trusted_account(connection: Connection, username: str) -> int:
    """Return the account that minted tokens belong to."""
    sql = "SELECT id FROM accounts WHERE username = :name"
    return int(await rows.scalar(connection, sql, {"name": username}))


async def is_trusted_only(connection: Connection, package_id: int) -> bool:
    """Whether only trusted publishers may publish the package."""
    sql = "SELECT trusted_only FROM packages WHERE id = :id"
    return bool(await rows.scalar(connection, sql, {"id": package_id}))


async def set_trusted_only(connection: Connection, package_id: int, *, only: bool) -> bool:
    """Set whether only trusted publishers may publish; False when it was so already."""
    sql = "UPDATE packages SET trusted_only = :only WHERE id = :id AND trusted_only <> :only"
    return await rows.run(connection, sql, {"id": package_id, "only": only}) == 1
