"""The stages of vetting in their order, and the run through them.

A new stage is one file with one function, and one line in ``STAGES``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity, Verdict, verdict_on
from skreg.publish.vet.malware import check_malware
from skreg.publish.vet.structure import check_structure

Stage = Callable[[Candidate], Awaitable[Sequence[Finding]]]
"""Returns findings; raises only what a later try may mend, such as ``Unavailable``."""

STAGES: dict[str, Stage] = {"structure": check_structure, "malware": check_malware}
"""Stage name -> stage, in the order of the run; ``structure`` is first, others read its archive."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: a verdict, all findings in order, and the stages that ran."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    stages: tuple[str, ...]


async def vet(candidate: Candidate, stages: Mapping[str, Stage] | None = None) -> Report:
    """Run the stages until one finds a blocker.

    Args:
        stages: others than ``STAGES``.
    """
    findings: list[Finding] = []
    ran: list[str] = []
    for name, stage in (STAGES if stages is None else stages).items():
        findings += await stage(candidate)
        ran.append(name)
        if any(finding.severity is Severity.BLOCKER for finding in findings):
            break
    return Report(verdict_on(findings), tuple(findings), tuple(ran))
