"""Taking an upload: shape checked here, bytes kept in staging, row and job in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from skillpkg.archive.limits import Policy
from skillpkg.archive.reader import Archive, read_archive
from skillpkg.errors import ArchiveInvalid, ManifestInvalid, SkillpkgError
from skreg.api.services import first_publish, naming, quotas
from skreg.api.services.naming import Claimed
from skreg.api.services.package_rights import banned, moved
from skreg.api.services.signed_uploads import (
    require_same_signer,
    require_signed,
    signer_of,
)
from skreg.api.services.staged import staged
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import trusted, uploads
from skreg.db.queries.uploads import Destination, NewVersion, UploadSigner
from skreg.domain.permissions import Principal, Scope, require_role
from skreg.domain.releases import without_build
from skreg.domain.trusted_account import is_trusted, role_for
from skreg.errors import Conflict, Forbidden, Missing, Unavailable, Unprocessable
from skreg.publish.submit.judge import Submission

FRESH_SECONDS = 0.05
"""So long a look at the rights counts: an upload that arrives within it costs no second one."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What was found before the body is read: the caller may publish there."""

    destination: Destination
    seen_at: float

    @property
    def is_fresh(self) -> bool:
        """Whether it was found just now; else rights may have changed while the body came."""
        return time.monotonic() - self.seen_at < FRESH_SECONDS


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an upload; ``new`` is False when these bytes had been taken before."""

    version: str
    sha256: str
    content_digest: str
    state: str
    new: bool


async def permit(
    container: ApiContainer, principal: Principal, namespace: str, name: str
) -> Permit:
    """Return the permit of a caller who may publish the package, asked before the body is read.

    Raises:
        Forbidden: the token's scope or the role does not allow it, or the namespace is banned.
        Missing: there is no such namespace.
        Unavailable: the registry's root has not signed its certificates yet.
    """
    seen_at = time.monotonic()
    async with reading(container.pool) as connection:
        found = await _destination(connection, principal, namespace, name)
    if not found.opened:
        raise Unavailable(
            "This registry cannot sign yet.",
            why="Its keys have no certificates: the root's ceremony is still to be done.",
            fix="Its operator runs skreg pki status, which prints the next step.",
        )
    return Permit(found, seen_at)


async def _destination(
    connection: Connection, principal: Principal, namespace: str, name: str
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
    permit: Permit,
    named: tuple[str, str],
    data: bytes,
    *,
    submission: Submission | None = None,
) -> Accepted:
    """Take an archive: the version number belongs to these bytes from then on.

    The same bytes again are the same answer with the present state. A few are taken at a time:
    each may inflate to 50 MiB, and holds a database connection while its bytes are stored.

    Args:
        named: namespace and name, as the permit was asked for.
        submission: the publisher's own signature; without it the registry signs.

    Raises:
        Forbidden, Missing: see ``permit``; or the certificate does not entitle.
        Unprocessable: archive or signature break a rule; ``errors`` names part and rule.
        Conflict: other bytes have the version, or another package has a look-alike name.
        TooManyRequests: the namespace has used up a quota.
    """
    async with container.checks:
        archive = await _checked(*named, data, container.settings.archive_policy)
        signer = await signer_of(container, named[0], data, submission)
        async with (
            staged(container, archive, data) as upload,
            writing(container.pool) as connection,
        ):
            place = permit.destination
            if not permit.is_fresh:
                place = await _destination(connection, principal, *named)
            claimed = await _package(connection, principal, place, *named)
            told = await first_publish.whom_to_tell(
                connection, principal, place.namespace_id, claimed
            )
            origin = await _origin(connection, principal)
            new = _new_version(principal, claimed.package_id, archive, len(data), signer, origin)
            taken = await _take(container, connection, place, named[0], new)
            await upload.keep(connection)  # before the row that promises the bytes
    await first_publish.tell(container, told, *named)
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
    connection: Connection,
    principal: Principal,
    place: Destination,
    namespace: str,
    name: str,
) -> Claimed:
    """Return the package, made now when it is new, if the caller may add to it."""
    if place.package_id is None:
        claimed = await naming.claim(connection, place.namespace_id, name)
        if claimed.is_new:
            return claimed
        place = await _destination(connection, principal, namespace, name)
    else:
        claimed = Claimed(place.package_id, is_new=False)
    if place.moved_to is not None:
        raise await moved(connection, claimed.package_id, f"{namespace}/{name}")
    if place.trusted_only and not is_trusted(principal):
        raise Forbidden(
            f"{name} is published by its trusted publishers alone.",
            why="Its owners switched publishing with tokens and sessions off.",
            fix="Publish from the CI workflow that is configured for it.",
        )
    return claimed


def _new_version(
    principal: Principal,
    package: int,
    archive: Archive,
    size: int,
    signer: UploadSigner,
    origin: Mapping[str, object],
) -> NewVersion:
    manifest = archive.manifest
    return NewVersion(
        package=package,
        version=str(manifest.version),
        sha256=archive.sha256,
        content_digest=archive.content_digest,
        size=size,
        manifest=manifest.to_json(),
        uploaded_by=principal.account_id,
        signer=signer,
        subject=f"{manifest.namespace}/{manifest.name}@{manifest.version}",
        address=principal.address,
        origin=origin,
    )


async def _take(
    container: ApiContainer,
    connection: Connection,
    place: Destination,
    namespace: str,
    new: NewVersion,
) -> Accepted:
    usage = await uploads.insert_version(connection, new)
    if usage is None:
        state = await _same_bytes(connection, new)
    else:
        state = new.signer.first_state
        require_signed(new.signer, namespace, signed_only=place.signed_only)
        quotas.require_within(container, namespace, usage)
    return Accepted(new.version, new.sha256, new.content_digest, state, new=usage is not None)


async def _origin(connection: Connection, principal: Principal) -> dict[str, object]:
    """Return what the audit trail says of a CI job that publishes; nothing of a person."""
    if not is_trusted(principal):
        return {}
    found = await trusted.origin_of(connection, principal.token_id or "")
    return {} if found is None else {"publisher": found.publisher_id, "claims": found.claims}


async def _same_bytes(connection: Connection, new: NewVersion) -> str:
    """Return the state of the version that has the number, when its bytes are these."""
    taken = await uploads.taken(connection, new.package, without_build(new.version))
    if taken is None:  # the package was moved since it was looked at
        raise await moved(connection, new.package, new.subject.partition("@")[0])
    if taken.version != new.version:
        raise Conflict(
            f"{new.subject} differs from {taken.version} in build metadata alone.",
            why="SemVer gives both the same precedence: nobody could say which is newer.",
            fix="Raise the version and publish again.",
        )
    if taken.sha256 == new.sha256:
        require_same_signer(taken.signer, new.signer, new.subject)
        return taken.state
    raise Conflict(
        f"{new.subject} exists with other bytes.",
        why="A version's bytes never change once they are taken.",
        fix="Raise the version and publish again.",
    )
