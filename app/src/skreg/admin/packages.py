"""``skreg admin package``: what the registry hides, takes away or cuts off."""

from __future__ import annotations

import argparse

from skreg.admin.desk import at_desk
from skreg.admin.doing import doing, show, show_table
from skreg.admin.typed import package_of, version_of
from skreg.api.services import staff_packages, withdrawing, yanking

_PUBLISHERS = ("id", "provider", "owner", "repository", "workflow", "environment", "last_used_at")


def yank(parsed: argparse.Namespace) -> None:
    """Hide a version from fresh resolution; its owners cannot bring it back."""
    _set_yanked(parsed, yanked=True)


def unyank(parsed: argparse.Namespace) -> None:
    """Let a yanked version be resolved again."""
    _set_yanked(parsed, yanked=False)


def _set_yanked(parsed: argparse.Namespace, *, yanked: bool) -> None:
    which = version_of(parsed.version)
    state = at_desk(
        parsed, lambda desk: yanking.by_staff(desk, which, reason=parsed.reason, yanked=yanked)
    )
    show(parsed, {"version": parsed.version, "state": state}, f"{parsed.version} is {state}.")


def take_down(parsed: argparse.Namespace) -> None:
    """Withdraw a version, or without one all versions of a package."""
    namespace, name, version = package_of(parsed.package)
    found = at_desk(
        parsed,
        lambda desk: withdrawing.take_down(desk, (namespace, name), version, parsed.reason),
    )
    document = {"package": f"{namespace}/{name}", "versions": found}
    show(parsed, document, f"Withdrawn now: {', '.join(found) or 'nothing more'}.")


def publishers(parsed: argparse.Namespace) -> None:
    """List a package's trusted publishers."""
    namespace, name, _ = package_of(parsed.package)
    found = doing(parsed, lambda actor: staff_packages.publishers(actor, namespace, name))
    show_table(parsed, found, _PUBLISHERS)


def remove_publisher(parsed: argparse.Namespace) -> None:
    """Trust a CI workflow no longer."""
    namespace, name, _ = package_of(parsed.package)
    doing(
        parsed,
        lambda actor: staff_packages.remove_publisher(actor, namespace, name, parsed.id),
    )
    show(parsed, {"removed": parsed.id}, f"{parsed.id} publishes no more.")


def readers(parsed: argparse.Namespace) -> None:
    """Show who a package of a private registry is for."""
    namespace, name, _ = package_of(parsed.package)
    found = doing(parsed, lambda actor: staff_packages.show_readers(actor, namespace, name))
    show_table(parsed, [found], ("package", "restricted", "readers"))
