"""The command line of ``skreg admin``; a command's imports happen when it runs.

A further group of commands is a function that takes ``Groups`` and one line in ``add_admin``.
"""

from __future__ import annotations

import argparse

from skreg.admin.actions import Groups, add_action, add_group
from skreg.admin.parser_moderation import add_moderation
from skreg.admin.parser_packages import add_packages

ROLES = ("owner", "maintainer", "publisher", "reader")
SCOPES = ("read", "publish", "yank", "admin")
_FUNCTIONS = {"show": "show_one", "reset-code": "reset_code"}


def add_admin(commands: Groups[argparse.ArgumentParser]) -> None:
    """Add ``skreg admin`` and all below it."""
    admin = commands.add_parser("admin", help="administration")
    groups = admin.add_subparsers(required=True, metavar="ACTION")
    create = add_action(
        groups, "create", "skreg.admin.accounts:create_admin", "create an administrator"
    )
    create.add_argument("username")
    create.description = "Create an administrator, or make an account one; password on stdin."
    _add_accounts(groups)
    _add_namespaces(groups)
    _add_tokens(groups)
    _add_sessions(groups)
    add_packages(groups)
    add_moderation(groups)


def _add_accounts(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "account", "accounts")
    place = "skreg.admin.accounts"
    create = add_action(group, "create", f"{place}:create", "create one; password on stdin")
    create.add_argument("username")
    create.add_argument("--email", metavar="ADDRESS")
    add_action(group, "list", f"{place}:listing", "list all by name")
    for name, told in (
        ("show", "show one"),
        ("disable", "end an account's sessions and refuse its logins and tokens"),
        ("enable", "let a disabled account in again"),
        ("promote", "give an administrator's rights"),
        ("demote", "take an administrator's rights"),
        ("reset-code", "print a code that sets a new password once, within a day"),
    ):
        add_action(group, name, f"{place}:{_FUNCTIONS.get(name, name)}", told, ["username"])


def _add_namespaces(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "namespace", "namespaces")
    place = "skreg.admin.namespaces"
    add_action(group, "list", f"{place}:listing", "list all by name")
    create = add_action(group, "create", f"{place}:create", "create an organisation", ["name"])
    create.add_argument("--owner", required=True, metavar="USERNAME")
    add_action(group, "members", f"{place}:members", "list the members", ["name"])
    role = add_action(
        group, "set-role", f"{place}:set_role", "make an account a member", ["name", "username"]
    )
    role.add_argument("role", choices=ROLES)
    ban = add_action(group, "ban", f"{place}:ban", "refuse every change to its packages", ["name"])
    ban.add_argument("--reason", required=True)
    add_action(group, "unban", f"{place}:unban", "lift a ban", ["name"])


def _add_tokens(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "token", "API tokens")
    place = "skreg.admin.tokens"
    add_action(group, "list", f"{place}:listing", "list an account's tokens", ["username"])
    create = add_action(
        group, "create", f"{place}:create", "print a new token of an account, once", ["username"]
    )
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--scope", action="append", required=True, choices=SCOPES)
    create.add_argument("--days", type=int, default=90, help="how long it lives; 90")
    create.add_argument("--limit", action="append", default=[], metavar="NS[/NAME]")
    create.add_argument("--network", action="append", default=[], metavar="CIDR")
    create.add_argument("--read-only", action="store_true", help="it changes nothing")
    revoke = add_action(
        group, "revoke", f"{place}:revoke", "revoke an account's tokens", ["username"]
    )
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", dest="token_id")
    which.add_argument("--all", action="store_true")


def _add_sessions(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "session", "sessions of people who logged in")
    add_action(
        group, "end-all", "skreg.admin.sessions:end_all", "renew the keys: everybody logs in again"
    )
