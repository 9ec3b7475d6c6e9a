"""Packages that change their name or namespace.

An archive, its log entry and its place in the index are signed for ``namespace/name``, so what is
published stays under the name it has. A move makes (or takes up) the package under the new name,
where publishing goes on, and lets the old name lead there: in the API by 308 and ``moved_to``, in
the old name's signed index document by ``moved_to``, in the log by a ``transfer`` entry.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from skillpkg.types import look_alike
from skreg.api.services import naming, quotas
from skreg.api.services.package_rights import (
    permitted_namespace,
    permitted_package,
    record,
    require_here,
)
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, log, moves, trusted, uploads
from skreg.db.queries.moves import Moving, Offer
from skreg.domain.events import Event, EventKind
from skreg.domain.permissions import Action, MemberRole, Principal, Scope, authorise
from skreg.errors import Conflict, Forbidden, Missing
from skreg.events import emit
from skreg.queue import defer_settle

OFFERED_FOR = timedelta(days=14)
"""How long the other side has to answer."""


async def begin(
    container: ApiContainer,
    principal: Principal,
    package: tuple[str, str],
    to_namespace: str,
    to_name: str,
) -> Offer | None:
    """Rename a package at once, or offer it to another namespace; None when it is done.

    Raises:
        Forbidden, Missing: the caller is no owner, or there is no such package or namespace.
        Unprocessable: a name that a new package may not have.
        Conflict: the name is taken, the package has moved, or another offer waits.
        TooManyRequests: the namespace holds as many packages as it may.
    """
    async with writing(container.pool) as connection:
        found = await _locked(connection, principal, package)
        target = await accounts.access(connection, to_namespace, principal.account_id)
        if target is None:
            raise Missing(f"There is no namespace {to_namespace}.")
        naming.new_package_name(to_name)
        if (to_namespace, to_name) == package:
            raise Conflict(f"{package[0]}/{package[1]} has that name already.")
        if to_namespace == package[0]:
            await _move(container, connection, principal, found, target.id, (to_namespace, to_name))
            return None
        return await _offer(container, connection, principal, found, target.id, to_name)


async def _locked(connection: Connection, principal: Principal, package: tuple[str, str]) -> Moving:
    found = await permitted_package(connection, principal, *package, Action.MANAGE)
    held = await moves.lock_package(connection, found.id)
    if held is None:
        raise Missing(f"There is no package {package[0]}/{package[1]}.")
    await require_here(connection, held)
    return held


async def _offer(
    container: ApiContainer,
    connection: Connection,
    principal: Principal,
    package: Moving,
    to_namespace_id: int,
    to_name: str,
) -> Offer:
    offer_id = secrets.token_hex(8)
    made = await moves.insert_offer(
        connection,
        offer_id=offer_id,
        package_id=package.id,
        to_namespace_id=to_namespace_id,
        to_name=to_name,
        asked_by=principal.account_id,
        expires_at=container.clock() + OFFERED_FOR,
    )
    found = await moves.offer(connection, offer_id)
    if not made or found is None:
        raise Conflict(
            f"{package.namespace}/{package.name} is offered to somebody already.",
            fix="Take that offer back first.",
        )
    to = f"{found.to_namespace}/{to_name}"
    subject = f"{package.namespace}/{package.name}"
    await record(connection, principal, "transfer-offered", subject, to=to)
    return found


async def waiting(container: ApiContainer, principal: Principal) -> list[Offer]:
    """Return the offers from and to namespaces that the caller owns and the token reaches.

    Raises:
        Forbidden: the token may not read.
    """
    authorise(principal, Action.SEE_OWN)
    async with reading(container.pool) as connection:
        found = await moves.offers_of(connection, principal.account_id)
    return [
        one
        for one in found
        if principal.reaches(one.namespace, one.name) or principal.reaches(one.to_namespace)
    ]


async def accept(container: ApiContainer, principal: Principal, offer_id: str) -> Offer:
    """Accept an offer for the namespace it was made to.

    Raises:
        Missing: there is no such offer, or the caller owns neither side.
        Forbidden: the caller owns the giving side alone, or the giver no longer may give.
        Conflict: the name was taken meanwhile, or the package has moved.
        TooManyRequests: the namespace holds as many packages as it may.
    """
    async with writing(container.pool) as connection:
        offer = await _answerable(connection, principal, offer_id)
        await permitted_namespace(connection, principal, offer.to_namespace, Action.MANAGE)
        package = await moves.lock_package(connection, offer.package_id)
        if package is None:
            raise Missing("There is no such transfer.")
        await _require_still_owner(connection, offer)
        await require_here(connection, package)
        target = (offer.to_namespace, offer.to_name)
        await _move(container, connection, principal, package, offer.to_namespace_id, target)
        await moves.delete_offer(connection, offer_id)
    return offer


async def _require_still_owner(connection: Connection, offer: Offer) -> None:
    """Pass while whoever made the offer may still give the package away."""
    giver = await accounts.by_username(connection, offer.asked_by)
    access = None
    if giver is not None and not giver.disabled:
        access = await accounts.access(connection, offer.namespace, giver.id)
    if access is None or access.is_banned or access.member_role is not MemberRole.OWNER:
        raise Forbidden(
            f"{offer.asked_by} may no longer give {offer.namespace}/{offer.name} away.",
            fix=f"Ask an owner of {offer.namespace} to offer it again.",
        )


async def end(container: ApiContainer, principal: Principal, offer_id: str) -> None:
    """Decline an offer, or take it back; nothing has changed then.

    Raises:
        Missing: there is no such offer, or the caller owns neither side.
    """
    async with writing(container.pool) as connection:
        offer = await _answerable(connection, principal, offer_id)
        subject = f"{offer.namespace}/{offer.name}"
        to = f"{offer.to_namespace}/{offer.to_name}"
        await record(connection, principal, "transfer-ended", subject, to=to)
        await moves.delete_offer(connection, offer_id)


async def _answerable(connection: Connection, principal: Principal, offer_id: str) -> Offer:
    """Return an offer to somebody who owns one of its sides; nobody else learns of it."""
    principal.require(Scope.ADMIN)
    offer = await moves.lock_offer(connection, offer_id)
    if offer is not None:
        sides = ((offer.namespace, offer.name), (offer.to_namespace, None))
        for namespace, name in sides:
            if await _owns(connection, principal, namespace, name):
                return offer
    raise Missing("There is no such transfer.")


async def _owns(
    connection: Connection, principal: Principal, namespace: str, name: str | None
) -> bool:
    try:
        await permitted_namespace(connection, principal, namespace, Action.MANAGE, name)
    except Forbidden:
        return False
    return True


async def _move(
    container: ApiContainer,
    connection: Connection,
    principal: Principal,
    package: Moving,
    to_namespace_id: int,
    to: tuple[str, str],
) -> None:
    new = await _target(container, connection, package, to_namespace_id, to)
    await moves.move(connection, package.id, new)
    await moves.copy_readers(connection, package.id, new)
    if package.namespace_id == to_namespace_id:
        await trusted.rename(connection, package.id, new, to[1], look_alike(to[1]))
    dedup = f"transfer:{package.id}:{secrets.token_hex(8)}"
    told = {"to": to[0], "to_name": to[1]}
    await log.request(connection, "transfer", dedup, package.id, payload=told)
    subject = f"{package.namespace}/{package.name}"
    await record(connection, principal, "transfer", subject, to=f"{to[0]}/{to[1]}")
    await _tell(container, connection, package, to)
    await defer_settle(container.queue, connection)


async def _tell(
    container: ApiContainer, connection: Connection, package: Moving, to: tuple[str, str]
) -> None:
    """Tell the webhooks of both sides; the registry's hear of it once."""
    subject, told = f"{package.namespace}/{package.name}", {"moved_to": f"{to[0]}/{to[1]}"}
    event = Event(EventKind.MOVED, package.namespace, subject, told, frozenset({to[0]}))
    await emit(container.queue, connection, event)


async def _target(
    container: ApiContainer,
    connection: Connection,
    package: Moving,
    to_namespace_id: int,
    to: tuple[str, str],
) -> int:
    """Return the package under the new name: a new one, or the one that led here until now.

    Raises:
        Conflict: another package has the name, or one that looks like it.
        TooManyRequests: the namespace holds as many packages as it may, old names included.
    """
    present = await uploads.package_id(connection, to_namespace_id, to[1])
    if present is None:
        claimed = await naming.claim(connection, to_namespace_id, to[1])
        await quotas.require(connection, container, to_namespace_id, to[0])
        present = claimed.package_id
        if claimed.is_new:
            return present
    held = await moves.lock_package(connection, present)
    if held is not None and held.moved_to == package.id:
        return present
    raise Conflict(f"{to[0]}/{to[1]} exists already.", fix="Choose another name.")
