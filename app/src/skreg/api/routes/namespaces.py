"""Namespaces, members, invitations and domains."""

from __future__ import annotations

from fastapi import APIRouter, Response

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_accounts import (
    Domain,
    DomainCheck,
    Invitation,
    Member,
    Namespace,
    NewDomain,
    NewInvitation,
    NewNamespace,
    OwnNamespace,
    RoleChange,
)
from skreg.api.services import domains, invitations, namespaces
from skreg.db.queries.namespaces import DomainFacts, InvitationFacts

router = APIRouter(prefix="/v1/namespaces", tags=["namespaces"])
_BRIEFLY = "public, max-age=10"


@router.post(
    "",
    status_code=201,
    response_model=Namespace,
    summary="Create an organisation",
    responses=refusals(401, 403, 409, 422),
)
async def create(body: NewNamespace, container: Container, principal: Caller) -> Namespace:
    """Create an organisation that the caller owns."""
    return namespace_of(await namespaces.create(container, principal, body.name))


@router.get(
    "", response_model=list[OwnNamespace], summary="My namespaces", responses=refusals(401, 403)
)
async def mine(container: Container, principal: Caller) -> list[OwnNamespace]:
    """List the caller's namespaces with the role in each."""
    return [
        OwnNamespace.model_validate(item, from_attributes=True)
        for item in await namespaces.mine(container, principal)
    ]


@router.get("/{ns}", response_model=Namespace, summary="A namespace", responses=refusals(404))
async def show(ns: str, container: Container, response: Response) -> Namespace:
    """Return what anybody may know: kind, age, proved domains, ban."""
    found = namespace_of(await namespaces.show(container, ns))
    response.headers["Cache-Control"] = _BRIEFLY
    return found


@router.get(
    "/{ns}/members",
    response_model=list[Member],
    summary="Members",
    responses=refusals(401, 403, 404),
)
async def members(ns: str, container: Container, principal: Caller) -> list[Member]:
    """List the members, to members."""
    return [
        Member.model_validate(item, from_attributes=True)
        for item in await namespaces.members(container, principal, ns)
    ]


@router.put(
    "/{ns}/members/{username}",
    status_code=204,
    summary="Change a member's role",
    responses=refusals(401, 403, 404, 409, 422),
)
async def set_role(
    ns: str, username: str, body: RoleChange, container: Container, principal: Caller
) -> None:
    """Give a member another role; for owners. New members are invited."""
    await namespaces.set_role(container, principal, ns, username, body.role)


@router.delete(
    "/{ns}/members/{username}",
    status_code=204,
    summary="Remove a member, or leave",
    responses=refusals(401, 403, 404, 409),
)
async def remove(ns: str, username: str, container: Container, principal: Caller) -> None:
    """Remove a member, for owners; members may remove themselves. The last owner stays."""
    await namespaces.remove(container, principal, ns, username)


@router.post(
    "/{ns}/invitations",
    status_code=201,
    response_model=Invitation,
    summary="Invite somebody",
    responses=refusals(401, 403, 404, 409, 422),
)
async def invite(
    ns: str, body: NewInvitation, container: Container, principal: Caller
) -> Invitation:
    """Invite an account for two weeks; it becomes a member when it accepts. For owners."""
    found = await invitations.invite(container, principal, ns, body.username, body.role)
    return invitation_of(found)


@router.get(
    "/{ns}/invitations",
    response_model=list[Invitation],
    summary="Open invitations",
    responses=refusals(401, 403, 404),
)
async def listing(ns: str, container: Container, principal: Caller) -> list[Invitation]:
    """List a namespace's open invitations, to its owners."""
    found = await invitations.of_namespace(container, principal, ns)
    return [invitation_of(item) for item in found]


@router.delete(
    "/{ns}/invitations/{invitation_id}",
    status_code=204,
    summary="Withdraw an invitation",
    responses=refusals(401, 403, 404),
)
async def withdraw(ns: str, invitation_id: str, container: Container, principal: Caller) -> None:
    """Take an open invitation back. For owners."""
    await invitations.withdraw(container, principal, ns, invitation_id)


@router.get(
    "/{ns}/domains",
    response_model=list[Domain],
    summary="Claimed domains",
    responses=refusals(401, 403, 404),
)
async def claimed(ns: str, container: Container, principal: Caller) -> list[Domain]:
    """List the domains a namespace claims, with what proves them. For owners."""
    return [_domain(item) for item in await domains.listing(container, principal, ns)]


@router.post(
    "/{ns}/domains",
    status_code=201,
    response_model=Domain,
    summary="Claim a domain",
    responses=refusals(401, 403, 404, 409, 422),
)
async def claim(ns: str, body: NewDomain, container: Container, principal: Caller) -> Domain:
    """Claim a domain; the answer says what to show there as its proof. For owners."""
    return _domain(await domains.claim(container, principal, ns, body.domain))


@router.post(
    "/{ns}/domains/{domain}/verify",
    response_model=Domain,
    summary="Prove a domain",
    responses=refusals(401, 403, 404, 409, 422),
)
async def verify(
    ns: str,
    domain: str,
    container: Container,
    principal: Caller,
    body: DomainCheck | None = None,
) -> Domain:
    """Look for the proof in DNS or in the well-known file. For owners."""
    method = (body or DomainCheck()).method
    return _domain(await domains.verify(container, principal, ns, domain, method))


@router.delete(
    "/{ns}/domains/{domain}",
    status_code=204,
    summary="Give a domain up",
    responses=refusals(401, 403, 404, 422),
)
async def give_up(ns: str, domain: str, container: Container, principal: Caller) -> None:
    """Give a claimed or proved domain up. For owners."""
    await domains.give_up(container, principal, ns, domain)


def namespace_of(found: namespaces.NamespaceView) -> Namespace:
    """Return a namespace as the API shows it."""
    facts = found.facts
    return Namespace(
        name=facts.name,
        kind=facts.kind,
        created_at=facts.created_at,
        domains=[item.domain for item in found.domains],
        banned=facts.banned_at is not None,
        banned_reason=facts.banned_reason,
    )


def invitation_of(found: InvitationFacts) -> Invitation:
    """Return an invitation as the API shows it."""
    return Invitation.model_validate(found, from_attributes=True)


def _domain(found: DomainFacts) -> Domain:
    return Domain.model_validate(
        {
            "domain": found.domain,
            "record_name": domains.record_name(found.domain),
            "file_url": domains.file_url(found.domain),
            "proof": domains.proof_text(found.challenge),
            "verified_at": found.verified_at,
            "method": found.method,
        }
    )
