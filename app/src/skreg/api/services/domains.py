"""Domains of a namespace: claimed with a challenge, proved by DNS or a well-known file."""

from __future__ import annotations

import re
import secrets
from enum import StrEnum

from skreg.api.services import lockout
from skreg.api.services.namespaces import permitted, record
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import namespaces
from skreg.db.queries.namespaces import DomainFacts
from skreg.domain.permissions import Action, Principal
from skreg.errors import Conflict, Missing, Unprocessable

MAX_DOMAINS = 20
"""Domains one namespace may claim."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
_MAX_FILE = 4096


class ProofMethod(StrEnum):
    """Where the challenge is shown."""

    DNS = "dns"
    HTTPS = "https"


def record_name(domain: str) -> str:
    """Return the name whose TXT record shows the challenge."""
    return f"_skreg.{domain}"


def file_url(domain: str) -> str:
    """Return the file that shows the challenge."""
    return f"https://{domain}/.well-known/skreg-verification"


def proof_text(challenge: str) -> str:
    """Return the line that is to be shown."""
    return f"skreg-verification={challenge}"


async def listing(container: ApiContainer, principal: Principal, name: str) -> list[DomainFacts]:
    """Return every domain a namespace claims, with its challenge, to the owners.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        return await namespaces.domains(connection, found.id)


async def claim(
    container: ApiContainer, principal: Principal, name: str, domain: str
) -> DomainFacts:
    """Claim a domain; claiming it again returns the same challenge.

    Raises:
        Missing, Forbidden
        Unprocessable: no domain name.  Conflict: too many are claimed.
    """
    wanted = _domain(domain)
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        await namespaces.lock(connection, found.id)
        present = await namespaces.domains(connection, found.id)
        if len(present) >= MAX_DOMAINS and wanted not in {item.domain for item in present}:
            raise Conflict(f"{MAX_DOMAINS} domains are claimed, which is the most.")
        await namespaces.claim_domain(connection, found.id, wanted, secrets.token_urlsafe(24))
        await record(connection, principal, "domain-claimed", name, domain=wanted)
        return await _claimed(connection, found.id, wanted)


def _domain(text: str) -> str:
    """Return a domain in lower case, internationalised ones in their ASCII form."""
    try:
        found = text.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        found = ""
    if len(found) > 200 or not _DOMAIN.fullmatch(found):
        what = f"{text[:100]!a} is no domain name."
        error = {"rule": "domain", "path": "domain", "detail": what}
        raise Unprocessable(what, fix="Give one such as example.org.", errors=[error])
    return found


async def _claimed(connection: Connection, namespace_id: int, domain: str) -> DomainFacts:
    found = await namespaces.domain(connection, namespace_id, domain)
    if found is None:
        raise Missing(f"The domain {domain} is not claimed.", fix="Claim it first.")
    return found


async def verify(
    container: ApiContainer, principal: Principal, name: str, domain: str, method: ProofMethod
) -> DomainFacts:
    """Look for the challenge; the domain is proved when it is there.

    Whoever controls the domain now decides: a namespace that had proved it before loses it.

    Raises:
        Missing, Forbidden
        Conflict: the challenge is not there.  Unavailable: nobody answers there.
        TooManyRequests: too many looks.
    """
    wanted = _domain(domain)
    async with reading(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        claimed = await _claimed(connection, found.id, wanted)
    await lockout.charge_address(container, "domain", principal.address)
    if not await _is_shown(container, wanted, claimed.challenge, method):
        place = record_name(wanted) if method is ProofMethod.DNS else file_url(wanted)
        raise Conflict(
            f"The proof is not at {place}.",
            fix=f"Put there: {proof_text(claimed.challenge)}",
        )
    async with writing(container.pool) as connection:
        await namespaces.prove_domain(connection, found.id, wanted, method.value)
        await record(
            connection, principal, "domain-proved", name, domain=wanted, method=method.value
        )
        return await _claimed(connection, found.id, wanted)


async def _is_shown(
    container: ApiContainer, domain: str, challenge: str, method: ProofMethod
) -> bool:
    wanted = proof_text(challenge)
    if method is ProofMethod.DNS:
        return wanted in await container.names.texts(record_name(domain))
    answer = await container.web.get(file_url(domain), max_size=_MAX_FILE, public_only=True)
    lines = answer.body.decode("utf-8", "replace").splitlines()
    return answer.status == 200 and wanted in (line.strip() for line in lines)


async def give_up(container: ApiContainer, principal: Principal, name: str, domain: str) -> None:
    """Give a domain up.

    Raises:
        Missing, Forbidden
    """
    wanted = _domain(domain)
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        if not await namespaces.remove_domain(connection, found.id, wanted):
            raise Missing(f"The domain {wanted} is not claimed.")
        await record(connection, principal, "domain-removed", name, domain=wanted)
