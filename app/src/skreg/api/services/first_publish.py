"""Tells a namespace's owners of a package that a trusted publisher made: a CI job, no person."""

from __future__ import annotations

from collections.abc import Sequence

from skreg.api.services import notices
from skreg.api.services.naming import Claimed
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection
from skreg.db.queries import namespaces
from skreg.domain.permissions import Principal
from skreg.domain.trusted_account import is_trusted


async def whom_to_tell(
    connection: Connection, principal: Principal, namespace_id: int, claimed: Claimed
) -> list[str]:
    """Return the owners' mail addresses when a CI job has just made the package; else none."""
    if not (claimed.is_new and is_trusted(principal)):
        return []
    return await namespaces.owner_addresses(connection, namespace_id)


async def tell(
    container: ApiContainer, addresses: Sequence[str], namespace: str, name: str
) -> None:
    """Mail them, as far as mail works."""
    text = (
        f"A trusted publisher has published {namespace}/{name} at "
        f"{container.settings.public_url} for the first time.\n"
        "The package is there now, and the publisher that waited for it is one of its own.\n"
        "If you do not know of it, look at the package's trusted publishers and at the audit log.\n"
    )
    for address in addresses:
        await notices.tell(container, address, f"{namespace}/{name} was published", text)
