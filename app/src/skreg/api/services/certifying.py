"""Publishers' certificates: the API takes wishes, the worker, which has the keys, fulfils them."""

from __future__ import annotations

import secrets

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from skreg.api.services.desk import Desk
from skreg.api.services.package_rights import permitted_namespace
from skreg.db.pool import reading, writing
from skreg.db.queries import certificates
from skreg.db.queries.certificates import CertificateFacts
from skreg.domain.permissions import Action, Principal
from skreg.errors import Conflict, Missing, TooManyRequests, Unprocessable
from skreg.queue import defer_certify

AT_ONCE = 20
"""Good certificates that a namespace may have at the same time."""
REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)


async def request(
    desk: Desk, principal: Principal, namespace: str, csr: str, days: int
) -> CertificateFacts:
    """Ask for a certificate that signs this namespace's packages, good for 1 to 460 days.

    Raises:
        Missing, Forbidden
        Unprocessable: not a PKCS #10 request that shows possession of a P-256 key.
        TooManyRequests: ``AT_ONCE`` are good already.
    """
    certificate_id = secrets.token_hex(8)
    async with writing(desk.pool) as connection:
        access = await permitted_namespace(connection, principal, namespace, Action.MANAGE)
        _require_readable(csr)
        if await certificates.unused(connection, access.id) >= AT_ONCE:
            raise TooManyRequests(
                f"{namespace} has {AT_ONCE} certificates that are good.",
                fix="Revoke one that is not used.",
            )
        await certificates.insert(
            connection, certificate_id, access.id, csr.encode(), desk.account_id, days
        )
        await desk.record(connection, "certificate-requested", namespace, id=certificate_id)
        await defer_certify(desk.queue, connection)
    return await one(desk, namespace, certificate_id)


async def listing(
    desk: Desk, principal: Principal, namespace: str
) -> tuple[list[CertificateFacts], bool]:
    """Return a namespace's certificates, newest first, and whether it signs all itself.

    Raises:
        Missing, Forbidden: for its members.
    """
    async with reading(desk.pool) as connection:
        await permitted_namespace(connection, principal, namespace, Action.SEE_MEMBERS)
        found = await certificates.of_namespace(connection, namespace)
        return found, await certificates.is_signed_only(connection, namespace)


async def sign_only(
    desk: Desk, principal: Principal, namespace: str, *, signed_only: bool
) -> tuple[list[CertificateFacts], bool]:
    """Set whether a namespace takes only versions it signed itself; returns as ``listing``.

    Raises:
        Missing, Forbidden
    """
    async with writing(desk.pool) as connection:
        access = await permitted_namespace(connection, principal, namespace, Action.MANAGE)
        await certificates.set_signed_only(connection, access.id, signed_only=signed_only)
        await desk.record(connection, "namespace-signed-only", namespace, signed_only=signed_only)
        return await certificates.of_namespace(connection, namespace), signed_only


async def shown(
    desk: Desk, principal: Principal, namespace: str, certificate_id: str
) -> CertificateFacts:
    """Return one certificate to the namespace's members; errors as ``listing``."""
    async with reading(desk.pool) as connection:
        await permitted_namespace(connection, principal, namespace, Action.SEE_MEMBERS)
    return await one(desk, namespace, certificate_id)


async def one(desk: Desk, namespace: str | None, certificate_id: str) -> CertificateFacts:
    """Return one certificate, of a namespace if given.

    Raises:
        Missing
    """
    async with reading(desk.pool) as connection:
        found = await certificates.one(connection, certificate_id)
    if found is None or namespace not in (None, found.namespace):
        raise Missing(f"There is no certificate {certificate_id}.")
    return found


async def revoke_own(
    desk: Desk, principal: Principal, namespace: str, certificate_id: str, reason: str
) -> CertificateFacts:
    """Ask for the revocation of a namespace's certificate; errors as ``revoke``, and Forbidden."""
    async with reading(desk.pool) as connection:
        await permitted_namespace(connection, principal, namespace, Action.MANAGE)
    await one(desk, namespace, certificate_id)
    return await revoke(desk, certificate_id, reason)


async def revoke(desk: Desk, certificate_id: str, reason: str) -> CertificateFacts:
    """Ask for a revocation; the CA's list has it within a minute.

    Raises:
        Missing
        Conflict: it is not one that is good.
        Unprocessable: an unknown reason.
    """
    if reason not in REASONS:
        detail = f"must be one of {', '.join(REASONS)}"
        error = {"rule": "reason", "path": "reason", "detail": detail}
        raise Unprocessable(f"The reason {detail}.", errors=[error])
    found = await one(desk, None, certificate_id)
    async with writing(desk.pool) as connection:
        if not await certificates.ask_to_revoke(connection, certificate_id, reason):
            raise Conflict(f"The certificate {certificate_id} is {found.state}.")
        await desk.record(
            connection,
            "certificate-revoked",
            found.namespace,
            id=certificate_id,
            serial=found.serial,
            reason=reason,
        )
        await defer_certify(desk.queue, connection)
    return await one(desk, None, certificate_id)


def _require_readable(csr: str) -> None:
    """Refuse at once what the worker would refuse later, without a key or the PKI."""
    try:
        read = x509.load_pem_x509_csr(csr.encode())
        key, is_possessed = read.public_key(), read.is_signature_valid
    except (ValueError, TypeError) as error:
        raise _unusable("it cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable("its key is not ECDSA P-256")
    if not is_possessed:
        raise _unusable("its signature is not by the key it carries")


def _unusable(why: str) -> Unprocessable:
    error = {"rule": "csr", "path": "csr", "detail": why}
    return Unprocessable(
        "The certificate request cannot be used.",
        why=f"{why[0].upper()}{why[1:]}.",
        fix="openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem",
        errors=[error],
    )
