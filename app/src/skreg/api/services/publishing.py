"""Taking an upload: shape checked here, bytes kept in staging, row and job in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from skillpkg.archive.limits import Policy
from skillpkg.archive.reader import Archive, read_archive
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, SkillpkgError
from skreg.api.services import naming, quotas
from skreg.api.services.package_rights import banned, moved, record
from skreg.api.services.signed_uploads import (
    require_same_signer,
    require_signed,
    signer_of,
)
from skreg.api.services.staged import staged
from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading, writing
from skreg.db.queries import trusted, uploads
from skreg.db.queries.uploads import Destination, UploadSigner
from skreg.domain.permissions import Principal, Scope, require_role
from skreg.domain.releases import without_build
from skreg.domain.trusted_account import is_trusted, role_for
from skreg.errors import Conflict, Forbidden, Missing, Unavailable, Unprocessable
from skreg.publish.submit.judge import Submission
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


async def require_publisher(
    container: ApiContainer, principal: Principal, namespace: str, name: str
) -> None:
    """Pass when the caller may publish the package, asked before the body is read.

    Raises:
        Forbidden: the token's scope or the role does not allow it, or the namespace is banned.
        Missing: there is no such namespace.
        Unavailable: the registry's root has not signed its certificates yet.
    """
    async with reading(container.engine) as connection:
        found = await _destination(connection, principal, namespace, name)
    if not found.opened:
        raise Unavailable(
            "This registry cannot sign yet.",
            why="Its keys have no certificates: the root's ceremony is still to be done.",
            fix="Its operator runs skreg pki status, which prints the next step.",
        )


async def _destination(
    connection: AsyncConnection, principal: Principal, namespace: str, name: str
) -> Destination:
    principal.require(Scope.PUBLISH)
    found = await uploads.destination(connection, namespace, name, principal.account_id)
    if found is None:
        raise Missing(f"There is no namespace {namespace}.")
    role = role_for(principal, found.member_role, namespace, name)
    require_role(principal, role, namespace, Scope.PUBLISH, name)
    if found.is_banned:
        raise banned(namespace)
    return found


async def accept(
    container: ApiContainer,
    principal: Principal,
    namespace: str,
    name: str,
    data: bytes,
    *,
    submission: Submission | None = None,
) -> Accepted:
    """Take an archive: the version number belongs to these bytes from then on.

    The same bytes again are the same answer with the present state. A few are taken at a time:
    each may inflate to 50 MiB, and holds a database connection while its bytes are stored.

    Args:
        submission: the publisher's own signature; without it the registry signs.

    Raises:
        Forbidden, Missing: see ``require_publisher``; or the certificate does not entitle.
        Unprocessable: archive or signature break a rule; ``errors`` names part and rule.
        Conflict: other bytes have the version, or another package has a look-alike name.
        TooManyRequests: the namespace has used up a quota.
    """
    async with container.checks:
        archive = await _checked(namespace, name, data, container.settings.archive_policy)
        signer = await signer_of(container, namespace, data, submission)
        async with (
            staged(container, archive, data) as upload,
            writing(container.engine) as connection,
        ):
            taken = await _accept(container, connection, principal, archive, len(data), signer)
            await upload.keep(connection)  # before the row that promises the bytes
            return taken


async def _accept(
    container: ApiContainer,
    connection: AsyncConnection,
    principal: Principal,
    archive: Archive,
    size: int,
    signer: UploadSigner,
) -> Accepted:
    namespace, name = str(archive.manifest.namespace), str(archive.manifest.name)
    place = await _destination(connection, principal, namespace, name)
    package = await _package(connection, principal, place, namespace, name)
    taken = await _take(container, connection, principal, package, archive, size, signer)
    if taken.new:
        require_signed(signer, namespace, signed_only=place.signed_only)
        await quotas.require(connection, container, place.namespace_id, namespace)
    return taken


async def _checked(namespace: str, name: str, data: bytes, policy: Policy) -> Archive:
    """Read the archive in a thread: it may inflate to 50 MiB."""
    try:
        archive = await asyncio.to_thread(_read, data, policy)
    except SkillpkgError as error:
        raise _refused(error) from error
    manifest = archive.manifest
    if (str(manifest.namespace), str(manifest.name)) != (namespace, name):
        what = f"The archive is {manifest.namespace}/{manifest.name}, not {namespace}/{name}."
        found = {"rule": "identity", "path": "manifest.json", "detail": what}
        raise Unprocessable(what, fix="Publish it under its own name.", errors=[found])
    return archive


def _read(data: bytes, policy: Policy) -> Archive:
    archive = read_archive(data, policy=policy)
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


async def _package(
    connection: AsyncConnection,
    principal: Principal,
    place: Destination,
    namespace: str,
    name: str,
) -> int:
    """Return the package's number, made now when it is new, if the caller may add to it."""
    if place.package_id is None:
        made = await naming.claim(connection, place.namespace_id, name)
        place = await _destination(connection, principal, namespace, name)
    else:
        made = place.package_id
    if place.moved_to is not None:
        raise await moved(connection, made, f"{namespace}/{name}")
    if place.trusted_only and not is_trusted(principal):
        raise Forbidden(
            f"{name} is published by its trusted publishers alone.",
            why="Its owners switched publishing with tokens and sessions off.",
            fix="Publish from the CI workflow that is configured for it.",
        )
    return made


async def _take(
    container: ApiContainer,
    connection: AsyncConnection,
    principal: Principal,
    package: int,
    archive: Archive,
    size: int,
    signer: UploadSigner,
) -> Accepted:
    manifest = archive.manifest
    version = str(manifest.version)
    subject = f"{manifest.namespace}/{manifest.name}@{version}"
    made = await uploads.insert_version(
        connection,
        package=package,
        version=version,
        sha256=archive.sha256,
        content_digest=archive.content_digest,
        size=size,
        manifest=manifest.to_json(),
        uploaded_by=principal.account_id,
        signer=signer,
    )
    state: str = signer.first_state
    if made is not None:
        await defer_advance(container.queue, connection, made)
        await record(
            connection, principal, "publish", subject, **await _origin(connection, principal)
        )
    else:
        state = await _same_bytes(connection, package, version, archive.sha256, subject, signer)
    return Accepted(
        str(manifest.namespace),
        str(manifest.name),
        version,
        archive.sha256,
        archive.content_digest,
        state,
        made is not None,
    )


async def _origin(connection: AsyncConnection, principal: Principal) -> dict[str, object]:
    """Return what the audit trail says of a CI job that publishes; nothing of a person."""
    if not is_trusted(principal):
        return {}
    found = await trusted.origin_of(connection, principal.token_id or "")
    return {} if found is None else {"publisher": found.publisher_id, "claims": found.claims}


async def _same_bytes(
    connection: AsyncConnection,
    package: int,
    version: str,
    sha256: str,
    subject: str,
    signer: UploadSigner,
) -> str:
    """Return the state of the version that has the number, when its bytes are these."""
    taken = await uploads.taken(connection, package, without_build(version))
    if taken is not None and taken.version != version:
        raise Conflict(
            f"{subject} differs from {taken.version} in build metadata alone.",
            why="SemVer gives both the same precedence: nobody could say which is newer.",
            fix="Raise the version and publish again.",
        )
    if taken is not None and taken.sha256 == sha256:
        require_same_signer(taken.signer, signer, subject)
        return taken.state
    raise Conflict(
        f"{subject} exists with other bytes.",
        why="A version's bytes never change once they are taken.",
        fix="Raise the version and publish again.",
    )
