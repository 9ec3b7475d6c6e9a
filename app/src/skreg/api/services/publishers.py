"""Who the owners of a package trust to publish it from CI."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from skillpkg.types import look_alike
from skreg.api.services import naming
from skreg.api.services.package_rights import permitted_namespace, permitted_package, record
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import trusted, uploads
from skreg.db.queries.trusted import Publisher
from skreg.domain.permissions import Action, Principal
from skreg.errors import Conflict, Missing, Unprocessable

MAX_PUBLISHERS = 20
"""Publishers one package may have: each is compared when a token is minted."""
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
_FORMS = {
    "github": {
        "owner": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})", re.ASCII),
        "repository": re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII),
        "workflow": re.compile(r"[A-Za-z0-9_.-]{1,100}\.ya?ml", re.ASCII),
    },
    "gitlab": {
        "owner": re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,19}}", re.ASCII),
        "repository": re.compile(_SEGMENT, re.ASCII),
        "workflow": re.compile(rf"(?:{_SEGMENT}/|\.[a-z]+/){{0,10}}\.?{_SEGMENT}\.ya?ml", re.ASCII),
    },
}
"""What names look like at each provider; nothing that could stand for two parts of a claim."""
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """A publisher to trust; ``issuer`` None is the provider's only one here."""

    provider: str
    owner: str
    owner_id: str | None
    repository: str
    repository_id: str | None
    workflow: str
    environment: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A package's publishers, and whether nobody else may publish it."""

    publishers: list[Publisher]
    trusted_only: bool


async def show(container: ApiContainer, principal: Principal, ns: str, name: str) -> Standing:
    """Return a package's publishers, pending ones included, to its members.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        access = await permitted_namespace(connection, principal, ns, Action.SEE_MEMBERS, name)
        package = await uploads.package_id(connection, access.id, name)
        only = package is not None and await trusted.is_trusted_only(connection, package)
        return Standing(await trusted.publishers(connection, ns, name), only)


async def add(
    container: ApiContainer, principal: Principal, ns: str, name: str, wish: Wish
) -> Publisher:
    """Trust a CI workflow; before the package exists it is pending and makes it.

    Raises:
        Missing, Forbidden: no such namespace, or the caller is no owner.
        Unprocessable: a name that the provider does not give, or one for no package.
        Conflict: the same publisher is there, too many are, or the name is taken by a look-alike.
    """
    publisher_id, issuer = secrets.token_hex(8), _issuer(container, wish)
    _check(wish)
    async with writing(container.pool) as connection:
        access = await permitted_namespace(connection, principal, ns, Action.MANAGE, name)
        package = await uploads.package_id(connection, access.id, name)
        if package is None:
            await _require_free(connection, access.id, name)
        made = Publisher(
            publisher_id,
            package,
            wish.provider,
            issuer,
            wish.owner,
            wish.owner_id,
            wish.repository,
            wish.repository_id,
            wish.workflow,
            wish.environment,
            container.clock(),
            None,
        )
        await _insert(connection, principal, made, access.id, ns, name)
    return made


async def _insert(
    connection: Connection,
    principal: Principal,
    made: Publisher,
    namespace_id: int,
    ns: str,
    name: str,
) -> None:
    is_new = await trusted.insert_publisher(
        connection,
        made,
        namespace_id=namespace_id,
        name=name,
        look_alike=look_alike(name),
        created_by=principal.account_id,
    )
    if not is_new:
        raise Conflict("The package has this publisher already.")
    if len(await trusted.publishers(connection, ns, name)) > MAX_PUBLISHERS:
        raise Conflict(f"A package has {MAX_PUBLISHERS} publishers at most.")
    facts = {"publisher": made.id, "issuer": made.issuer, "workflow": made.workflow}
    told = {**facts, "repository": f"{made.owner}/{made.repository}"}
    await record(connection, principal, "publisher-added", f"{ns}/{name}", **told)


async def _require_free(connection: Connection, namespace_id: int, name: str) -> None:
    """Pass when a package of that name could be made here."""
    twin = look_alike(naming.new_package_name(name))
    taken = await uploads.name_that_looks_like(connection, namespace_id, twin)
    taken = taken or await trusted.pending_like(connection, namespace_id, name, twin)
    if taken is not None:
        raise naming.too_like(name, taken)


def _issuer(container: ApiContainer, wish: Wish) -> str:
    known = [
        issuer
        for issuer, provider in container.settings.issuers.items()
        if provider == wish.provider
    ]
    if wish.issuer in known:
        return wish.issuer
    if wish.issuer is None and len(known) == 1:
        return known[0]
    said = ", ".join(known) or "none"
    raise _invalid("issuer", f"The issuers of {wish.provider} that are trusted here: {said}.")


def _check(wish: Wish) -> None:
    forms = _FORMS[wish.provider]
    for field, form in forms.items():
        if not form.fullmatch(str(getattr(wish, field))) or ".." in getattr(wish, field):
            raise _invalid(field, f"The {field} is not written as {wish.provider} writes one.")
    if wish.provider == "github" and wish.owner_id is None:
        raise _invalid(
            "owner_id",
            "The owner's number is needed: a name can be given up and taken by somebody else. "
            "GitHub's API tells it: GET /users/OWNER, field id.",
        )
    for field in ("owner_id", "repository_id"):
        value = getattr(wish, field)
        if value is not None and not _NUMBER.fullmatch(value):
            raise _invalid(field, f"The {field} is the provider's number.")


def _invalid(field: str, detail: str) -> Unprocessable:
    told = {"rule": "publisher", "path": field, "detail": detail}
    return Unprocessable("The publisher cannot be trusted.", why=detail, errors=[told])


async def remove(
    container: ApiContainer, principal: Principal, ns: str, name: str, publisher_id: str
) -> None:
    """Trust a publisher no longer; its tokens stop working at once.

    Raises:
        Missing, Forbidden
    """
    async with writing(container.pool) as connection:
        await permitted_namespace(connection, principal, ns, Action.MANAGE, name)
        if not await trusted.delete_publisher(connection, ns, name, publisher_id):
            raise Missing(f"{ns}/{name} has no publisher {publisher_id}.")
        subject = f"{ns}/{name}"
        await record(connection, principal, "publisher-removed", subject, publisher=publisher_id)


async def set_only(
    container: ApiContainer, principal: Principal, ns: str, name: str, *, only: bool
) -> Standing:
    """Let nobody but trusted publishers publish a package, or let members again.

    Raises:
        Missing, Forbidden: no such package, or the caller is no owner.
        Conflict: the package has no publisher: nobody could publish it any more.
    """
    async with writing(container.pool) as connection:
        package = await permitted_package(connection, principal, ns, name, Action.MANAGE)
        found = await trusted.publishers(connection, ns, name)
        if only and not found:
            raise Conflict(f"{ns}/{name} has no trusted publisher.", fix="Add one first.")
        if await trusted.set_trusted_only(connection, package.id, only=only):
            await record(connection, principal, "trusted-only", f"{ns}/{name}", only=only)
    return Standing(found, only)
