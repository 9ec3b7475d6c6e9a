"""A package's row under a new name: rules of names, look-alikes, names that are spoken for."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.errors import NameInvalid
from skillpkg.types import PackageName, look_alike
from skreg.db.pool import Connection
from skreg.db.queries import trusted, uploads
from skreg.domain.package_names import is_reserved_package
from skreg.errors import Conflict, Unprocessable


def new_package_name(name: str) -> str:
    """Return a name that a new package may have.

    Raises:
        Unprocessable: it breaks a rule, or is reserved.
    """
    try:
        found = str(PackageName.parse_new(name))
    except NameInvalid as error:
        told = {"rule": error.rule, "path": "name", "detail": error.what}
        raise Unprocessable(error.what, why=error.why, fix=error.fix, errors=[told]) from error
    if is_reserved_package(found):
        what = f"The name {found} is reserved."
        told = {"rule": "reserved", "path": "name", "detail": what}
        raise Unprocessable(what, fix="Choose another name.", errors=[told])
    return found


@dataclass(frozen=True, slots=True)
class Claimed:
    """A package that has a name; ``is_new``: it was made by this."""

    package_id: int
    is_new: bool


async def claim(connection: Connection, namespace_id: int, name: str) -> Claimed:
    """Make a package of a name that was free a moment ago.

    Raises:
        Unprocessable: no name that a new package may have.
        Conflict: another package, or one that a trusted publisher is waiting to make, has a name
            that looks like it.
    """
    twin = look_alike(new_package_name(name))
    pending = await trusted.pending_like(connection, namespace_id, name, twin)
    if pending is not None:
        raise too_like(name, pending)
    made = await uploads.insert_package(connection, namespace_id, name, twin)
    if made is not None:
        await trusted.reify(connection, namespace_id, name, made)
        return Claimed(made, is_new=True)
    found = await uploads.package_id(connection, namespace_id, name)
    if found is not None:  # somebody was quicker, and has published it as well
        return Claimed(found, is_new=False)
    taken = await uploads.name_that_looks_like(connection, namespace_id, twin)
    raise too_like(name, taken)


def too_like(name: str, taken: str | None) -> Conflict:
    """Return the refusal of a name that could be confused with ``taken``."""
    return Conflict(
        f"The name {name} looks like {taken}, which exists in this namespace.",
        why="People could install one for the other.",
        fix="Choose a name that differs in more than -, l, i, 1, o and 0.",
    )
