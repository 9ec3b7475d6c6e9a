"""``skreg admin`` review, report, advisory and certificate."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from skreg.admin.desk import at_desk
from skreg.admin.doing import show, show_table
from skreg.admin.typed import version_of
from skreg.api.services import advising, certifying, reporting, reviewing
from skreg.api.services.desk import Desk
from skreg.db.pool import reading
from skreg.db.queries import certificates
from skreg.db.queries.advisories import AdvisoryRow
from skreg.db.queries.certificates import CertificateFacts
from skreg.db.queries.reports import ReportFacts, Waiting
from skreg.domain.moderation import AdvisoryFacts, ReportState, ReviewOutcome, Severity


def reviews(parsed: argparse.Namespace) -> None:
    """List quarantined versions."""

    async def read(desk: Desk) -> list[Waiting]:
        found: list[Waiting] = []
        while more := await reviewing.waiting(desk, found[-1].version_id if found else 0):
            found += more
        return found

    columns = ("namespace", "name", "version", "uploaded_by", "created_at", "findings")
    show_table(parsed, at_desk(parsed, read), columns)


def release(parsed: argparse.Namespace) -> None:
    """Release a quarantined version."""
    _decide(parsed, ReviewOutcome.RELEASED)


def reject(parsed: argparse.Namespace) -> None:
    """Reject a quarantined version."""
    _decide(parsed, ReviewOutcome.REJECTED)


def _decide(parsed: argparse.Namespace, outcome: ReviewOutcome) -> None:
    which = version_of(parsed.version)
    state = at_desk(parsed, lambda desk: reviewing.decide(desk, which, outcome, parsed.note))
    show(parsed, {"version": parsed.version, "state": state}, f"{parsed.version} is {state}.")


def reports(parsed: argparse.Namespace) -> None:
    """List reports."""
    state = ReportState(parsed.state)

    async def read(desk: Desk) -> list[ReportFacts]:
        found: list[ReportFacts] = []
        while more := await reporting.listing(desk, state, found[-1].id if found else ""):
            found += more
        return found

    columns = ("id", "namespace", "name", "version", "kind", "reporter", "created_at", "message")
    show_table(parsed, at_desk(parsed, read), columns)


def triage(parsed: argparse.Namespace) -> None:
    """Close a report."""
    outcome = ReportState(parsed.outcome)
    found = at_desk(
        parsed,
        lambda desk: reporting.triage(desk, parsed.id, outcome, parsed.note, yank=parsed.yank),
    )
    show(parsed, found, f"The report {found.id} is {found.state}.")


def advisories(parsed: argparse.Namespace) -> None:
    """List advisories."""

    async def read(desk: Desk) -> list[AdvisoryRow]:
        found: list[AdvisoryRow] = []
        while more := await advising.listing(
            desk, found[-1].number if found else 0, parsed.package
        ):
            found += more
        return found

    rows = at_desk(parsed, read)
    show_table(parsed, [item.record for item in rows], ("id", "published", "withdrawn", "summary"))


def publish_advisory(parsed: argparse.Namespace) -> None:
    """Publish an advisory."""
    facts = AdvisoryFacts(
        package=parsed.package,
        summary=parsed.summary,
        details=parsed.details or parsed.summary,
        severity=Severity(parsed.severity),
        introduced=parsed.introduced,
        fixed=parsed.fixed,
        aliases=parsed.alias,
        references=parsed.reference,
    )
    found = at_desk(parsed, lambda desk: advising.publish(desk, facts))
    show(parsed, found.record, f"{found.id} is published.")


def withdraw_advisory(parsed: argparse.Namespace) -> None:
    """Withdraw an advisory."""
    found = at_desk(parsed, lambda desk: advising.withdraw(desk, parsed.id))
    show(parsed, found.record, f"{found.id} is withdrawn.")


def list_certificates(parsed: argparse.Namespace) -> None:
    """List a namespace's certificates."""

    async def read(desk: Desk) -> list[CertificateFacts]:
        async with reading(desk.pool) as connection:
            return await certificates.of_namespace(connection, parsed.namespace)

    columns = ("id", "state", "serial", "not_after", "created_at", "revoked_at")
    found = [_public(item) for item in at_desk(parsed, read)]
    show_table(parsed, found, columns)


def revoke_certificate(parsed: argparse.Namespace) -> None:
    """Revoke a certificate."""
    found = at_desk(parsed, lambda desk: certifying.revoke(desk, parsed.id, parsed.reason))
    show(parsed, _public(found), f"{found.id} is revoked within a minute.")


def _public(found: CertificateFacts) -> dict[str, object]:
    told = asdict(found)
    return {name: value for name, value in told.items() if name not in ("certificate", "issuer")}
