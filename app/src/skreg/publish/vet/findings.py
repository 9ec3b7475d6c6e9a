"""What vetting finds, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs."""

    BLOCKER = "blocker"
    """The version is rejected."""
    WARNING = "warning"
    """A person decides: the version is quarantined."""
    NOTE = "note"
    """Shown to the publisher, changes nothing."""


class Verdict(StrEnum):
    """What vetting as a whole comes to."""

    PASSED = "passed"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        rule: a short stable id such as ``path-traversal``.
        path: the file inside the archive, empty for the archive as a whole.
    """

    rule: str
    path: str
    message: str
    severity: Severity

    def to_json(self) -> dict[str, str]:
        """Return the finding as the status route shows it."""
        return {
            "rule": self.rule,
            "path": self.path,
            "message": self.message,
            "severity": self.severity.value,
        }


def verdict_on(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict of the heaviest finding."""
    weights = {finding.severity for finding in findings}
    if Severity.BLOCKER in weights:
        return Verdict.REJECTED
    return Verdict.QUARANTINED if Severity.WARNING in weights else Verdict.PASSED
