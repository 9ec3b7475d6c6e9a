"""Taking an upload: shape checked here, bytes kept in staging, row and job in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from skillpkg.archive.reader import Archive, read_archive
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, NameInvalid, SkillpkgError
from skillpkg.types import PackageName, look_alike
from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading, writing
from skreg.db.queries import accounts, pki, uploads
from skreg.domain.permissions import Principal, Scope, require_role
from skreg.errors import Conflict, Missing, Unavailable, Unprocessable
from skreg.publish.staging import staging_key
from skreg.queue import defer_advance


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an upload; ``new`` is False when these bytes had been taken before."""

    namespace: str
    name: str
    version: str
    sha256: str
    content_digest: str
    state: str
    new: bool


async def allowed_namespace(
    container: ApiContainer, principal: Principal, namespace: str, scope: Scope
) -> int:
    """Return the namespace's number when the caller may act there.

    Raises:
        Forbidden: the token's scope or the role does not allow it.
        Missing: there is no such namespace.
        Unavailable: to publish, before the registry's root has signed its certificates.
    """
    principal.require(scope)
    async with reading(container.engine) as connection:
        access = await accounts.access(connection, namespace, principal.account_id)
        opened = scope is not Scope.PUBLISH or await pki.read(connection, pki.STATE) is not None
    if access is None:
        raise Missing(f"There is no namespace {namespace}.")
    require_role(principal, access.member_role, namespace, scope)
    if not opened:
        raise Unavailable(
            "This registry cannot sign yet.",
            why="Its keys have no certificates: the root's ceremony is still to be done.",
            fix="Its operator runs skreg pki status, which prints the next step.",
        )
    return access.id


async def accept(
    container: ApiContainer, principal: Principal, namespace: str, name: str, data: bytes
) -> Accepted:
    """Take an archive: the version number belongs to these bytes from then on.

    The same bytes again are the same answer with the present state.

    Raises:
        Forbidden, Missing: see ``allowed_namespace``.
        Unprocessable: the archive breaks a rule; ``errors`` names file and rule.
        Conflict: other bytes have the version, or another package has a look-alike name.
    """
    namespace_id = await allowed_namespace(container, principal, namespace, Scope.PUBLISH)
    archive = await _checked(container, namespace, name, data)
    await container.staging.put_if_absent(staging_key(archive.sha256), data)
    async with writing(container.engine) as connection:
        package = await _package(connection, namespace_id, name)
        return await _take(container, connection, principal, package, archive, len(data))


async def _checked(container: ApiContainer, namespace: str, name: str, data: bytes) -> Archive:
    """Read the archive in a thread, a few at a time: each may inflate to 50 MiB."""
    async with container.checks:
        try:
            archive = await asyncio.to_thread(_read, data)
        except SkillpkgError as error:
            raise _refused(error) from error
    manifest = archive.manifest
    if (str(manifest.namespace), str(manifest.name)) != (namespace, name):
        what = f"The archive is {manifest.namespace}/{manifest.name}, not {namespace}/{name}."
        found = {"rule": "identity", "path": "manifest.json", "detail": what}
        raise Unprocessable(what, fix="Publish it under its own name.", errors=[found])
    return archive


def _read(data: bytes) -> Archive:
    archive = read_archive(data)
    _ = archive.skill  # parsed on first use: its rules are part of the shape
    return archive


def _refused(error: SkillpkgError) -> Unprocessable:
    rule, path = "invalid", ""
    if isinstance(error, ArchiveInvalid):
        rule, path = error.rule, error.path
    elif isinstance(error, ManifestInvalid):
        rule, path = "manifest", f"manifest.json:{error.field}"
    found = {"rule": rule, "path": path, "detail": error.what}
    return Unprocessable(error.what, why=error.why, fix=error.fix, errors=[found])


async def _package(connection: AsyncConnection, namespace_id: int, name: str) -> int:
    found = await uploads.package_id(connection, namespace_id, name)
    if found is not None:
        return found
    twin = look_alike(_new_name(name))
    made = await uploads.insert_package(connection, namespace_id, name, twin)
    if made is None:  # somebody was quicker: with this name, or with one that looks like it
        made = await uploads.package_id(connection, namespace_id, name)
    if made is None:
        taken = await uploads.name_that_looks_like(connection, namespace_id, twin)
        raise Conflict(
            f"The name {name} looks like {taken}, which exists in this namespace.",
            why="People could install one for the other.",
            fix="Choose a name that differs in more than -, l, i, 1, o and 0.",
        )
    return made


def _new_name(name: str) -> str:
    try:
        return str(PackageName.parse_new(name))
    except NameInvalid as error:
        found = {"rule": error.rule, "path": "name", "detail": error.what}
        raise Unprocessable(error.what, why=error.why, fix=error.fix, errors=[found]) from error


async def _take(
    container: ApiContainer,
    connection: AsyncConnection,
    principal: Principal,
    package: int,
    archive: Archive,
    size: int,
) -> Accepted:
    manifest = archive.manifest
    version = str(manifest.version)
    made = await uploads.insert_version(
        connection,
        package=package,
        version=version,
        sha256=archive.sha256,
        content_digest=archive.content_digest,
        size=size,
        manifest=manifest.to_json(),
        uploaded_by=principal.account_id,
    )
    state = "uploaded"
    subject = f"{manifest.namespace}/{manifest.name}@{version}"
    if made is not None:
        await defer_advance(container.queue, connection, made)
        await accounts.record(connection, principal.account_id, "publish", subject)
    else:
        state = await _same_bytes(connection, package, version, archive.sha256, subject)
    return Accepted(
        str(manifest.namespace),
        str(manifest.name),
        version,
        archive.sha256,
        archive.content_digest,
        state,
        made is not None,
    )


async def _same_bytes(
    connection: AsyncConnection, package: int, version: str, sha256: str, subject: str
) -> str:
    """Return the state of the version that has the number, when its bytes are these."""
    taken = await uploads.taken(connection, package, version)
    if taken is not None and taken.sha256 == sha256:
        return taken.state
    raise Conflict(
        f"{subject} exists with other bytes.",
        why="A version's bytes never change once they are taken.",
        fix="Raise the version and publish again.",
    )
