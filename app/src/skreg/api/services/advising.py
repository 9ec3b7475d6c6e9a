"""Advisories: written by administrators, shown by the API and in signed index documents."""

from __future__ import annotations

from skillpkg.errors import SkillpkgError
from skillpkg.package_ref import PackageRef
from skreg.api.services.desk import Desk
from skreg.db.pool import reading, writing
from skreg.db.queries import advisories, readers
from skreg.db.queries.advisories import AdvisoryRow
from skreg.db.queries.readers import WHOLE, Sight
from skreg.domain.events import Event, EventKind
from skreg.domain.moderation import AdvisoryFacts, mistakes_in, osv_record, stamp
from skreg.errors import Conflict, Missing, Unprocessable
from skreg.events import emit
from skreg.queue import defer_settle

PAGE = 100


async def listing(
    desk: Desk, after: int, package: str | None = None, sight: Sight = WHOLE
) -> list[AdvisoryRow]:
    """Return up to a hundred advisories by number.

    Raises:
        Unprocessable: ``package`` is not ``ns/name``.
    """
    named = None if package is None else _split(package)
    async with reading(desk.pool) as connection:
        return await advisories.listing(connection, after, PAGE, named, sight)


async def one(desk: Desk, advisory_id: str, sight: Sight = WHOLE) -> AdvisoryRow:
    """Return one advisory.

    Raises:
        Missing: none of that id, or none that the reader may know of.
    """
    async with reading(desk.pool) as connection:
        found = await advisories.one(connection, advisory_id, sight)
    if found is None:
        raise _missing(advisory_id)
    return found


async def publish(desk: Desk, facts: AdvisoryFacts) -> AdvisoryRow:
    """Publish an advisory; the package's index document is signed anew with it.

    Raises:
        Unprocessable: something in it breaks a rule.
        Missing: no such package.
    """
    if mistakes := mistakes_in(facts):
        named = ", ".join(item["path"] for item in mistakes)
        raise Unprocessable(f"The advisory cannot be taken: {named}.", errors=mistakes)
    namespace, name = _split(facts.package)
    async with writing(desk.pool) as connection:
        package = await readers.access_to(connection, namespace, name)
        if package is None:
            raise Missing(f"There is no package {facts.package}.")
        number = await advisories.next_number(connection)
        record = osv_record(facts, number, desk.clock())
        await advisories.insert(connection, number, package.id, record)
        await desk.record(connection, "advisory", facts.package, advisory=record["id"])
        told = {"advisory": record["id"], "summary": facts.summary}
        await emit(
            desk.queue, connection, Event(EventKind.ADVISORY, namespace, facts.package, told)
        )
        await defer_settle(desk.queue, connection)
    return AdvisoryRow(number, record["id"], package.id, record)


async def withdraw(desk: Desk, advisory_id: str) -> AdvisoryRow:
    """Withdraw an advisory that was wrong: it stays readable and leaves the index documents.

    Raises:
        Missing
        Conflict: it is withdrawn already.
    """
    async with writing(desk.pool) as connection:
        found = await advisories.one(connection, advisory_id, lock=True)
        if found is None:
            raise _missing(advisory_id)
        if "withdrawn" in found.record:
            raise Conflict(f"{advisory_id} is withdrawn already.")
        at = stamp(desk.clock())
        record = {**found.record, "withdrawn": at, "modified": at}
        await advisories.change(connection, found, record)
        package = str(record["affected"][0]["package"]["name"])
        await desk.record(connection, "advisory-withdrawn", package, advisory=advisory_id)
        namespace = package.partition("/")[0]
        told = {"advisory": advisory_id}
        await emit(
            desk.queue,
            connection,
            Event(EventKind.ADVISORY_WITHDRAWN, namespace, package, told),
        )
        await defer_settle(desk.queue, connection)
    return AdvisoryRow(found.number, found.id, found.package_id, record)


def _split(package: str) -> tuple[str, str]:
    try:
        found = PackageRef.parse(package)
    except SkillpkgError as error:
        detail = {"rule": "package", "path": "package", "detail": "is not ns/name"}
        raise Unprocessable("The package's name cannot be read.", errors=[detail]) from error
    return str(found.namespace), str(found.name)


def _missing(advisory_id: str) -> Missing:
    return Missing(f"There is no advisory {advisory_id}.")
