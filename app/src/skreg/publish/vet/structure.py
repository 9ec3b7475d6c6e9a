"""The first stage: is this a canonical archive, and the one that its row speaks of?

It uses the client's own reader, so what passes here is what installs there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from skillpkg.archive.reader import Archive
from skillpkg.errors import ArchiveInvalid
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity

MANIFEST = "manifest.json"


async def check_structure(candidate: Candidate) -> Sequence[Finding]:
    """Read the archive under the registry's policy and compare it with its row."""
    try:
        archive, reports = await asyncio.to_thread(_read, candidate)
    except ArchiveInvalid as error:
        message = "\n".join(part for part in (error.what, error.why) if part)
        return [Finding(str(error.rule), error.path, message, Severity.BLOCKER)]
    notes = [Finding("frontmatter", "SKILL.md", text, Severity.NOTE) for text in reports]
    return [*_identity(candidate, archive), *notes]


def _read(candidate: Candidate) -> tuple[Archive, tuple[str, ...]]:
    return candidate.archive, candidate.archive.reports


def _identity(candidate: Candidate, archive: Archive) -> list[Finding]:
    manifest = archive.manifest
    digest = candidate.content_digest or archive.content_digest
    compared = [
        ("identity", MANIFEST, "namespace", manifest.namespace, candidate.namespace),
        ("identity", MANIFEST, "name", manifest.name, candidate.name),
        ("identity", MANIFEST, "version", manifest.version.text, candidate.version),
        ("archive-sha256", "", "sha256", archive.sha256, candidate.sha256),
        ("content-digest", "", "content digest", archive.content_digest, digest),
    ]
    return [
        Finding(rule, path, f"Its {what} is {found}, published as {given}.", Severity.BLOCKER)
        for rule, path, what, found, given in compared
        if found != given
    ]
