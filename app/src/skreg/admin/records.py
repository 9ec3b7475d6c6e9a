"""``skreg admin`` audit, quota and webhook."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from skreg.admin.desk import at_desk
from skreg.admin.doing import doing, show, show_table
from skreg.api.services import auditing, hooking, quotas
from skreg.api.services.desk import Desk
from skreg.api.services.hooking import REGISTRY
from skreg.api.services.namespaces import by_name
from skreg.api.services.sealing import Sealing
from skreg.api.services.staff import Actor
from skreg.db.pool import reading
from skreg.db.queries import quotas as queries
from skreg.db.queries.audit import AuditFilter, AuditLine
from skreg.domain.quotas import Quota
from skreg.errors import Unprocessable
from skreg.settings import has_database_url
from skreg.up_layout import layout_of

_FEWEST = 32


def audit(parsed: argparse.Namespace) -> None:
    """Show the newest lines of the audit log."""
    wanted = _wanted(parsed)
    found = doing(parsed, lambda actor: _newest(actor, wanted, parsed.limit))
    show_table(parsed, found, ("id", "at", "account", "staff", "action", "subject", "address"))


async def _newest(actor: Actor, wanted: AuditFilter, limit: int) -> list[AuditLine]:
    found: list[AuditLine] = []
    while len(found) < limit:
        more = await auditing.page(actor, wanted, found[-1].id if found else None)
        found += more
        if len(more) < auditing.PAGE:
            break
    return found[:limit]


def export_audit(parsed: argparse.Namespace) -> None:
    """Write the audit log as JSON lines, oldest first."""
    wanted = _wanted(parsed)

    async def write(actor: Actor) -> None:
        async for lines in auditing.export(actor, wanted, parsed.after):
            sys.stdout.write(lines.decode())

    doing(parsed, write)


def _wanted(parsed: argparse.Namespace) -> AuditFilter:
    return AuditFilter(
        account=parsed.account,
        action=parsed.action,
        subject=parsed.subject,
        since=_moment(parsed.since),
        until=_moment(parsed.until),
        staff=True if parsed.staff else None,
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unprocessable(f"{text!a} is no time such as 2026-11-21 or 2026-11-21T04:00Z.") from (
            error
        )
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def quota(parsed: argparse.Namespace) -> None:
    """Show what a namespace uses, and what it was granted."""
    found = doing(parsed, lambda actor: _usage(actor, parsed.namespace))
    show_table(parsed, [{"namespace": parsed.namespace, **asdict(found)}], _QUOTA_COLUMNS)


_QUOTA_COLUMNS = (
    "namespace",
    "packages",
    "granted_packages",
    "versions_today",
    "granted_versions_per_day",
    "bytes",
    "granted_bytes",
)


async def _usage(actor: Actor, namespace: str) -> queries.Usage:
    async with reading(actor.pool) as connection:
        found = await by_name(connection, namespace)
        return await queries.usage(connection, found.id)


def set_quota(parsed: argparse.Namespace) -> None:
    """Grant a namespace other quotas than the registry's."""
    wanted: Quota[int | None] = Quota(parsed.packages, parsed.versions_per_day, parsed.bytes)
    doing(parsed, lambda actor: quotas.grant(actor, parsed.namespace, wanted))
    document = {"namespace": parsed.namespace, **asdict(wanted)}
    show(parsed, document, f"The quotas of {parsed.namespace} are set.")


def webhooks(parsed: argparse.Namespace) -> None:
    """List the registry's webhooks."""
    found = at_desk(parsed, lambda desk: hooking.listing(desk, REGISTRY))
    show_table(parsed, found, ("id", "url", "events", "created_at", "disabled_at"))


def create_webhook(parsed: argparse.Namespace) -> None:
    """Have the registry's events sent to an address; prints the secret once."""
    key = _sealing_key(parsed)
    sealing = Sealing(key) if len(key) >= _FEWEST else None
    plain = bool(os.environ.get("WEBHOOK_NETWORKS"))

    async def create(desk: Desk) -> hooking.NewWebhook:
        return await hooking.create(
            desk, REGISTRY, parsed.url, parsed.event, sealing, plain_http=plain
        )

    made = at_desk(parsed, create)
    show(parsed, {**asdict(made.hook), "secret": made.secret}, f"{made.hook.id} {made.secret}")


def _sealing_key(parsed: argparse.Namespace) -> str:
    """Return the key that API and worker have: from the environment, or of this skreg up."""
    kept = layout_of(parsed.data_dir).sealing_key
    if has_database_url() and parsed.data_dir is None:
        return os.environ.get("WEBHOOK_SEALING_KEY", "")
    return kept.read_text("ascii") if kept.exists() else ""


def remove_webhook(parsed: argparse.Namespace) -> None:
    """Remove one of the registry's webhooks."""
    at_desk(parsed, lambda desk: hooking.remove(desk, REGISTRY, parsed.id))
    show(parsed, {"removed": parsed.id}, f"{parsed.id} is removed.")


def enable_webhook(parsed: argparse.Namespace) -> None:
    """Switch one of the registry's webhooks on again."""
    at_desk(parsed, lambda desk: hooking.enable(desk, REGISTRY, parsed.id))
    show(parsed, {"enabled": parsed.id}, f"{parsed.id} is on.")


def dead_letters(parsed: argparse.Namespace) -> None:
    """List what could not be delivered."""
    found = at_desk(
        parsed, lambda desk: hooking.deliveries(desk, REGISTRY, parsed.id, "dead", 2**63 - 1)
    )
    show_table(parsed, found, ("id", "event", "attempts", "last_status", "last_error", "tried_at"))


def retry_delivery(parsed: argparse.Namespace) -> None:
    """Send a dead letter again."""
    at_desk(parsed, lambda desk: hooking.again(desk, REGISTRY, parsed.id, parsed.delivery))
    show(parsed, {"delivery": parsed.delivery}, f"{parsed.delivery} is sent again.")
