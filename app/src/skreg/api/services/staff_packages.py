"""What administrators look up and cut off of a package: its trusted publishers and its readers."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.api.services.staff import Actor
from skreg.db.pool import reading, writing
from skreg.db.queries import accounts, readers, trusted
from skreg.db.queries.readers import PackageAccess
from skreg.db.queries.trusted import Publisher
from skreg.errors import Missing


@dataclass(frozen=True, slots=True)
class Readership:
    """Who may read a package of a private registry."""

    package: str
    restricted: bool
    readers: list[str]


async def publishers(actor: Actor, namespace: str, name: str) -> list[Publisher]:
    """Return a package's trusted publishers, pending ones included."""
    async with reading(actor.pool) as connection:
        return await trusted.publishers(connection, namespace, name)


async def remove_publisher(actor: Actor, namespace: str, name: str, publisher_id: str) -> None:
    """Trust a CI workflow no longer; its tokens stop working at once.

    Raises:
        Missing: the package has no such publisher.
    """
    subject = f"{namespace}/{name}"
    async with writing(actor.pool) as connection:
        if not await trusted.delete_publisher(connection, namespace, name, publisher_id):
            raise Missing(f"{subject} has no publisher {publisher_id}.")
        details = {"publisher": publisher_id, "staff": True}
        await accounts.record(
            connection, actor.account_id, "publisher-removed", subject, actor.address, details
        )


async def show_readers(actor: Actor, namespace: str, name: str) -> Readership:
    """Return who a package is for.

    Raises:
        Missing: there is no such package.
    """
    async with reading(actor.pool) as connection:
        found = await readers.access_to(connection, namespace, name)
        if found is None:
            raise Missing(f"There is no package {namespace}/{name}.")
        named = await readers.readers_of(connection, found.id)
    return Readership(f"{namespace}/{name}", _is_restricted(found), named)


def _is_restricted(found: PackageAccess) -> bool:
    return found.namespace_restricted if found.restricted is None else found.restricted
