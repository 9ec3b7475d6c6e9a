"""One version's own steps: vetting and signing. Each reads the row, so each can run again."""

from __future__ import annotations

import asyncio

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import log, reports, work
from skreg.db.queries.work import WorkItem
from skreg.domain.events import Event, EventKind
from skreg.domain.states import VersionState
from skreg.errors import BlobMissing
from skreg.events import emit
from skreg.pki.state import PkiState
from skreg.publish.pipeline_keys import signing_leaf
from skreg.publish.pipeline_submission import refused_now
from skreg.publish.sign.archive import sign_archive
from skreg.publish.staging import staging_key
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity, Verdict, verdict_on
from skreg.publish.vet.stages import vet

LOST = Finding(
    "upload-lost",
    "",
    "The uploaded bytes are no longer in staging; publish a new version.",
    Severity.BLOCKER,
)


async def vet_and_sign(
    container: WorkerContainer, connection: Connection, state: PkiState, item: WorkItem
) -> None:
    """Bring an uploaded version to ``signed``, ``rejected`` or ``quarantined``.

    The caller holds the version's lock on ``connection``.
    """
    if item.state not in (VersionState.UPLOADED, VersionState.VETTING):
        return
    await work.begin_vetting(connection, item.id)
    await connection.commit()
    try:
        data = await container.staging.get(staging_key(item.sha256))
    except BlobMissing:
        await _refuse(container, connection, item, Verdict.REJECTED, [LOST])
        return
    report = await vet(_candidate(container, item, data))
    verdict = verdict_on(report.findings)
    if verdict is Verdict.QUARANTINED and await reports.is_released(connection, item.id):
        verdict = Verdict.PASSED
    if verdict is not Verdict.PASSED:
        await _refuse(container, connection, item, verdict, list(report.findings))
        return
    await _sign(container, connection, state, item, data, list(report.findings))


def _candidate(container: WorkerContainer, item: WorkItem, data: bytes) -> Candidate:
    return Candidate(
        data,
        item.namespace,
        item.name,
        item.version,
        item.sha256,
        item.content_digest,
        scanner=container.scanner,
        policy=container.settings.archive_policy,
    )


async def _refuse(
    container: WorkerContainer,
    connection: Connection,
    item: WorkItem,
    verdict: Verdict,
    findings: list[Finding],
) -> None:
    told = [finding.to_json() for finding in findings]
    await work.finish_refused(connection, item.id, verdict.value, told)
    if verdict is Verdict.QUARANTINED:
        subject = f"{item.namespace}/{item.name}@{item.version}"
        event = Event(EventKind.QUARANTINED, item.namespace, subject, {"findings": told})
        await emit(container.queue, connection, event)
    await connection.commit()


async def _sign(
    container: WorkerContainer,
    connection: Connection,
    state: PkiState,
    item: WorkItem,
    data: bytes,
    findings: list[Finding],
) -> None:
    """Keep signature, chain and the wish for a log entry in one transaction.

    What a publisher signed keeps its signature, which must still be one that clients take.
    """
    if item.is_publishers:
        if finding := await refused_now(connection, item, data, container.clock()):
            await _refuse(container, connection, item, Verdict.REJECTED, [*findings, finding])
            return
        signature, chain = item.signature or b"", tuple(item.chain or ())
    else:
        leaf = signing_leaf(container.keys, state)
        signature, chain = await asyncio.to_thread(sign_archive, data, leaf), leaf.chain
    told = [finding.to_json() for finding in findings]
    if await work.keep_signature(connection, item.id, told, signature, chain):
        dedup = f"publish:{item.id}"
        await log.request(connection, "publish", dedup, item.package_id, item.id)
    await connection.commit()
