"""Vetting: the structure stage against real archives, and what verdicts follow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from skillpkg.archive.pack import pack_folder
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity, Verdict
from skreg.publish.vet.stages import STAGES, vet

DESCRIPTION = "Checks a deployment step by step and says what is wrong with it."


def skill(folder: Path, extra: str = "") -> Candidate:
    text = f"---\nname: demo\ndescription: {DESCRIPTION}\n{extra}---\n# Demo\n"
    (folder / "SKILL.md").write_text(text, "utf-8")
    packed = pack_folder(folder, namespace="acme", name="demo", version="1.0.0")
    return Candidate(packed.archive, "acme", "demo", "1.0.0", packed.sha256, packed.content_digest)


async def test_a_sound_archive_passes(tmp_path: Path) -> None:
    report = await vet(skill(tmp_path))
    assert (report.verdict, report.findings) == (Verdict.PASSED, ())
    assert report.stages == tuple(STAGES)
    unknown = replace(skill(tmp_path), content_digest=None)
    assert (await vet(unknown)).verdict is Verdict.PASSED


async def test_unusual_frontmatter_is_noted_and_passes(tmp_path: Path) -> None:
    report = await vet(skill(tmp_path, "colour: green\n"))
    assert report.verdict is Verdict.PASSED
    assert [(f.severity, f.path) for f in report.findings] == [(Severity.NOTE, "SKILL.md")]
    assert "colour" in report.findings[0].message


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("identity", {"namespace": "umbrella"}),
        ("identity", {"name": "other"}),
        ("identity", {"version": "1.0.1"}),
        ("archive-sha256", {"sha256": "00" * 32}),
        ("content-digest", {"content_digest": "00" * 32}),
    ],
)
async def test_an_archive_of_another_identity_is_rejected(
    tmp_path: Path, rule: str, change: dict[str, str]
) -> None:
    report = await vet(replace(skill(tmp_path), **change))  # type: ignore[arg-type]
    assert report.verdict is Verdict.REJECTED
    assert [(f.rule, f.severity) for f in report.findings] == [(rule, Severity.BLOCKER)]
    assert next(iter(change.values())) in report.findings[0].message


async def test_a_damaged_archive_names_its_rule(tmp_path: Path) -> None:
    good = skill(tmp_path)
    data = good.data + b"trailing"
    bad = replace(good, data=data, sha256=hashlib.sha256(data).hexdigest())
    report = await vet(bad)
    assert report.verdict is Verdict.REJECTED
    (finding,) = report.findings
    assert finding.to_json() == {
        "rule": finding.rule,
        "path": "",
        "message": finding.message,
        "severity": "blocker",
    }
    assert finding.rule.startswith("gzip")


async def test_the_strict_policy_is_the_registrys(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run.sh").write_text("#!/bin/sh\n", "utf-8")
    candidate = skill(tmp_path)
    assert (await vet(candidate)).verdict is Verdict.PASSED
    report = await vet(replace(candidate, policy="strict"))
    assert [f.path for f in report.findings] == ["scripts/run.sh"]


async def test_a_later_stage_sees_the_archive_and_may_quarantine(tmp_path: Path) -> None:
    async def suspicious(candidate: Candidate) -> Sequence[Finding]:
        paths = [member.path for member in candidate.archive.members]
        return [Finding("scan", paths[0], "It looks odd.", Severity.WARNING)]

    stages = {**STAGES, "scan": suspicious}
    report = await vet(skill(tmp_path), stages)
    assert (report.verdict, report.stages) == (Verdict.QUARANTINED, tuple(stages))
    rejected = await vet(replace(skill(tmp_path), name="other"), stages)
    assert (rejected.verdict, rejected.stages) == (Verdict.REJECTED, ("structure",))
