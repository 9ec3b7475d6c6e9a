"""What is reported, what becomes of it, and advisories in OSV form; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from skillpkg.errors import SkillpkgError
from skillpkg.version import Version

OSV_SCHEMA = "1.6.7"
ECOSYSTEM = "skreg"
_MOST_LINKS = 20


class ReportKind(StrEnum):
    """What a report says."""

    MALWARE = "malware"
    IMPERSONATION = "impersonation"
    VULNERABILITY = "vulnerability"
    RIGHTS = "rights"
    SPAM = "spam"
    OTHER = "other"


class ReportState(StrEnum):
    """What became of a report; a report alone never hides anything."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class ReviewOutcome(StrEnum):
    """What a person decides of a quarantined version."""

    RELEASED = "released"
    REJECTED = "rejected"


class Severity(StrEnum):
    """How bad what an advisory tells of is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"


class CertificateState(StrEnum):
    """Where a publisher's certificate is; the worker alone issues and revokes."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"
    REVOKING = "revoking"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class AdvisoryFacts:
    """What an advisory says, before it has a number.

    Attributes:
        introduced: the first version concerned, ``0`` for every version.
        fixed: the first version that is good again, None while there is none.
        aliases: other names of it, such as a CVE number.
        references: https addresses with more.
    """

    package: str
    summary: str
    details: str
    severity: Severity
    introduced: str = "0"
    fixed: str | None = None
    aliases: Sequence[str] = ()
    references: Sequence[str] = ()


def mistakes_in(facts: AdvisoryFacts) -> list[dict[str, str]]:
    """Return what is wrong with an advisory, as ``{"rule", "path", "detail"}``."""
    found = []
    introduced = None if facts.introduced == "0" else _version(facts.introduced)
    fixed = None if facts.fixed is None else _version(facts.fixed)
    if facts.introduced != "0" and introduced is None:
        found.append(_mistake("version", "introduced", "is no version, and not 0"))
    if facts.fixed is not None and fixed is None:
        found.append(_mistake("version", "fixed", "is no version"))
    if introduced is not None and fixed is not None and fixed <= introduced:
        found.append(_mistake("order", "fixed", "is not after introduced"))
    if len(facts.references) > _MOST_LINKS or len(facts.aliases) > _MOST_LINKS:
        found.append(_mistake("length", "references", f"and aliases are at most {_MOST_LINKS}"))
    if not all(_is_link(item) for item in facts.references):
        found.append(_mistake("url", "references", "are https addresses"))
    return found


def osv_record(facts: AdvisoryFacts, number: int, now: datetime) -> dict[str, Any]:
    """Return the OSV record of a new advisory."""
    at = stamp(now)
    events = [{"introduced": facts.introduced}]
    if facts.fixed is not None:
        events.append({"fixed": facts.fixed})
    return {
        "schema_version": OSV_SCHEMA,
        "id": f"SKREG-{now.year}-{number:04d}",
        "published": at,
        "modified": at,
        "summary": facts.summary,
        "details": facts.details,
        "aliases": list(facts.aliases),
        "affected": [
            {
                "package": {"ecosystem": ECOSYSTEM, "name": facts.package},
                "ranges": [{"type": "SEMVER", "events": events}],
            }
        ],
        "references": [{"type": "WEB", "url": item} for item in facts.references],
        "database_specific": {"severity": facts.severity.value},
    }


def stamp(now: datetime) -> str:
    """Return a time as OSV writes it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _version(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except SkillpkgError:
        return None


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and len(text) <= 500


def _mistake(rule: str, path: str, detail: str) -> dict[str, str]:
    return {"rule": rule, "path": path, "detail": detail}
