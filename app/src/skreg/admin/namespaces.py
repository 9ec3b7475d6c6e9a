"""``skreg admin namespace``."""

from __future__ import annotations

import argparse

from skreg.admin.doing import doing, everything, show, show_table
from skreg.api.services import staff
from skreg.domain.permissions import MemberRole


def listing(parsed: argparse.Namespace) -> None:
    """List all namespaces."""
    found = everything(parsed, staff.list_namespaces, lambda item: item.name)
    show_table(parsed, found, ("name", "kind", "created_at", "banned_at", "banned_reason"))


def create(parsed: argparse.Namespace) -> None:
    """Create an organisation for an account."""
    found = doing(parsed, lambda actor: staff.create_organisation(actor, parsed.name, parsed.owner))
    show(parsed, found, f"{found.name} belongs to {parsed.owner}.")


def members(parsed: argparse.Namespace) -> None:
    """List a namespace's members."""
    found = doing(parsed, lambda actor: staff.list_members(actor, parsed.name))
    show_table(parsed, found, ("username", "role", "since"))


def set_role(parsed: argparse.Namespace) -> None:
    """Make an account a member."""
    role = MemberRole(parsed.role)
    doing(parsed, lambda actor: staff.set_member(actor, parsed.name, parsed.username, role))
    document = {"namespace": parsed.name, "username": parsed.username, "role": role.value}
    show(parsed, document, f"{parsed.username} is {role.value} of {parsed.name}.")


def ban(parsed: argparse.Namespace) -> None:
    """Ban a namespace."""
    found = doing(parsed, lambda actor: staff.set_banned(actor, parsed.name, parsed.reason))
    show(parsed, found, f"{found.name} is banned.")


def unban(parsed: argparse.Namespace) -> None:
    """Lift a ban."""
    found = doing(parsed, lambda actor: staff.set_banned(actor, parsed.name, None))
    show(parsed, found, f"{found.name} is not banned.")
