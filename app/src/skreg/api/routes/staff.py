"""Accounts and namespaces, for the registry's administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_accounts import (
    AccountChange,
    AccountLine,
    AccountPage,
    Ban,
    Namespace,
    NamespacePage,
    ResetCode,
    Revoked,
    RoleChange,
)
from skreg.api.routes.namespaces import namespace_of
from skreg.api.services import resets, staff
from skreg.api.services.namespaces import NamespaceView
from skreg.api.services.staff import Actor
from skreg.domain.permissions import Action, authorise

router = APIRouter(prefix="/v1/admin", tags=["administration"])


async def administrator(container: Container, principal: Caller) -> Actor:
    """Return the caller as one who may administer.

    Raises:
        Forbidden: no administrator, or a token without the scope `admin`.
    """
    authorise(principal, Action.ADMINISTER)
    return Actor.of(container.pool, principal)


Administrator = Annotated[Actor, Depends(administrator)]
_Cursor = Annotated[str, Query(max_length=64, description="`next` of the page before")]


@router.get(
    "/accounts",
    response_model=AccountPage,
    summary="List accounts",
    responses=refusals(401, 403, 422),
)
async def accounts(actor: Administrator, cursor: _Cursor = "") -> AccountPage:
    """List accounts by name, 100 a page."""
    found = await staff.list_accounts(actor, cursor)
    results = [AccountLine.model_validate(item, from_attributes=True) for item in found]
    more = found[-1].username if len(found) == staff.PAGE else None
    return AccountPage(results=results, next=more)


@router.patch(
    "/accounts/{username}",
    response_model=AccountLine,
    summary="Disable an account, or change its rights",
    responses=refusals(401, 403, 404, 409, 422),
)
async def change(username: str, body: AccountChange, actor: Administrator) -> AccountLine:
    """Disable or enable an account, give or take an administrator's rights.

    A disabled account is out at once, with its sessions and tokens. The last administrator stays.
    """
    found = await staff.show_account(actor, username)
    if body.disabled is not None:
        found = await staff.set_disabled(actor, username, disabled=body.disabled)
    if body.is_admin is not None:
        found = await staff.set_admin(actor, username, is_admin=body.is_admin)
    return AccountLine.model_validate(found, from_attributes=True)


@router.post(
    "/accounts/{username}/reset-code",
    status_code=201,
    response_model=ResetCode,
    summary="Issue a reset code",
    responses=refusals(401, 403, 404),
)
async def reset_code(username: str, actor: Administrator) -> ResetCode:
    """Return a code with which the person sets a new password, once, within a day."""
    code = await staff.reset_code(actor, username)
    seconds = int(resets.BY_STAFF.total_seconds())
    return ResetCode(username=username, code=code, expires_in=seconds)


@router.delete(
    "/accounts/{username}/tokens",
    response_model=Revoked,
    summary="Revoke all of an account's tokens",
    responses=refusals(401, 403, 404),
)
async def revoke_tokens(username: str, actor: Administrator) -> Revoked:
    """Revoke every API token of an account at once."""
    return Revoked(revoked=await staff.revoke_tokens(actor, username))


@router.get(
    "/namespaces",
    response_model=NamespacePage,
    summary="List namespaces",
    responses=refusals(401, 403, 422),
)
async def namespaces(actor: Administrator, cursor: _Cursor = "") -> NamespacePage:
    """List namespaces by name, 100 a page."""
    found = await staff.list_namespaces(actor, cursor)
    results = [namespace_of(NamespaceView(item, [])) for item in found]
    return NamespacePage(results=results, next=found[-1].name if len(found) == staff.PAGE else None)


@router.post(
    "/namespaces/{ns}/ban",
    response_model=Namespace,
    summary="Ban a namespace",
    responses=refusals(401, 403, 404, 422),
)
async def ban(ns: str, body: Ban, actor: Administrator) -> Namespace:
    """Refuse every change to a namespace's packages from now on; what is published stays."""
    return namespace_of(NamespaceView(await staff.set_banned(actor, ns, body.reason), []))


@router.post(
    "/namespaces/{ns}/unban",
    response_model=Namespace,
    summary="Lift a ban",
    responses=refusals(401, 403, 404),
)
async def unban(ns: str, actor: Administrator) -> Namespace:
    """Let a namespace's members work again."""
    return namespace_of(NamespaceView(await staff.set_banned(actor, ns, None), []))


@router.put(
    "/namespaces/{ns}/members/{username}",
    status_code=204,
    summary="Make an account a member",
    responses=refusals(401, 403, 404, 422),
)
async def set_member(ns: str, username: str, body: RoleChange, actor: Administrator) -> None:
    """Give an account a role, for a namespace whose owners are gone."""
    await staff.set_member(actor, ns, username, body.role)
