"""The command line of ``skreg admin`` for moderation, records and limits."""

from __future__ import annotations

import argparse

from skreg.admin.actions import Groups, add_action, add_group

_PLACE = "skreg.admin.moderation"
_RECORDS = "skreg.admin.records"
_SEVERITIES = ("low", "moderate", "high", "critical")
_REASONS = ("unspecified", "keyCompromise", "affiliationChanged", "superseded")


def add_moderation(groups: Groups[argparse.ArgumentParser]) -> None:
    """Add the groups review, report, advisory, certificate, audit, quota and webhook."""
    _add_reviews(groups)
    _add_reports(groups)
    _add_advisories(groups)
    _add_certificates(groups)
    _add_audit(groups)
    _add_quotas(groups)
    _add_webhooks(groups)


def _add_reviews(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "review", "versions that vetting left to people")
    add_action(group, "list", f"{_PLACE}:reviews", "list them, oldest first")
    for name, told in (
        ("release", "let one be signed and published"),
        ("reject", "reject one; its number stays taken"),
    ):
        action = add_action(group, name, f"{_PLACE}:{name}", told)
        action.add_argument("version", metavar="NS/NAME@VERSION")
        action.add_argument("--note", required=True)


def _add_reports(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "report", "what people say is wrong")
    listing = add_action(group, "list", f"{_PLACE}:reports", "list reports, oldest first")
    listing.add_argument("--state", choices=("open", "confirmed", "dismissed"), default="open")
    triage = add_action(group, "triage", f"{_PLACE}:triage", "close a report", ["id"])
    triage.add_argument("outcome", choices=("confirmed", "dismissed"))
    triage.add_argument("--note", required=True)
    triage.add_argument("--yank", action="store_true", help="hide the version from resolution")


def _add_advisories(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "advisory", "advisories in OSV form")
    listing = add_action(group, "list", f"{_PLACE}:advisories", "list them, oldest first")
    listing.add_argument("--package", metavar="NS/NAME")
    publish = add_action(group, "publish", f"{_PLACE}:publish_advisory", "publish one")
    publish.add_argument("package", metavar="NS/NAME")
    publish.add_argument("--summary", required=True)
    publish.add_argument("--details")
    publish.add_argument("--severity", choices=_SEVERITIES, required=True)
    publish.add_argument("--introduced", default="0", help="first version concerned; 0: every one")
    publish.add_argument("--fixed", help="first version that is good again")
    publish.add_argument("--alias", action="append", default=[], metavar="CVE")
    publish.add_argument("--reference", action="append", default=[], metavar="URL")
    add_action(group, "withdraw", f"{_PLACE}:withdraw_advisory", "withdraw a wrong one", ["id"])


def _add_certificates(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "certificate", "publishers' certificates")
    add_action(group, "list", f"{_PLACE}:list_certificates", "list a namespace's", ["namespace"])
    revoke = add_action(group, "revoke", f"{_PLACE}:revoke_certificate", "revoke one", ["id"])
    revoke.add_argument("--reason", choices=_REASONS, default="unspecified")


def _add_audit(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "audit", "who changed what, when and from where")
    listing = add_action(group, "list", f"{_RECORDS}:audit", "show the newest lines")
    listing.add_argument("--limit", type=int, default=100)
    export = add_action(group, "export", f"{_RECORDS}:export_audit", "write all as JSON lines")
    export.add_argument("--after", type=int, default=0, metavar="ID", help="the last known line")
    for action in (listing, export):
        for name in ("account", "action", "subject", "since", "until"):
            action.add_argument(f"--{name}")
        action.add_argument("--staff", action="store_true", help="with an administrator's rights")


def _add_quotas(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "quota", "how much a namespace may hold")
    add_action(group, "show", f"{_RECORDS}:quota", "show use and grants", ["namespace"])
    grant = add_action(
        group, "set", f"{_RECORDS}:set_quota", "grant other quotas; left out: as set for all"
    )
    grant.add_argument("namespace")
    for name in ("packages", "versions-per-day", "bytes"):
        grant.add_argument(f"--{name}", type=int)


def _add_webhooks(groups: Groups[argparse.ArgumentParser]) -> None:
    group = add_group(groups, "webhook", "who is told of the registry's events")
    add_action(group, "list", f"{_RECORDS}:webhooks", "list them")
    create = add_action(group, "create", f"{_RECORDS}:create_webhook", "add one", ["url"])
    create.add_argument("--event", action="append", required=True, metavar="KIND")
    add_action(group, "remove", f"{_RECORDS}:remove_webhook", "remove one", ["id"])
    add_action(group, "enable", f"{_RECORDS}:enable_webhook", "switch one on again", ["id"])
    add_action(group, "dead", f"{_RECORDS}:dead_letters", "list what was not delivered", ["id"])
    retry = add_action(group, "retry", f"{_RECORDS}:retry_delivery", "send one again", ["id"])
    retry.add_argument("delivery", type=int)
