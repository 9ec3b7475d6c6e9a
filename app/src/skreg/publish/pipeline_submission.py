"""A publisher's own signature: judged by the worker too, logged at once, judged again at the end.

The API has judged it already; but it faces the network, and what is logged is for ever.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from skillpkg.errors import VerificationRefused
from skillpkg.install.entry import parse_submitted
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import log, pki, work
from skreg.db.queries.work import WorkItem
from skreg.domain.states import VersionState
from skreg.errors import BlobMissing
from skreg.publish.staging import staging_key
from skreg.publish.submit.anchors import read_anchors
from skreg.publish.submit.judge import Submission, judge
from skreg.publish.vet.findings import Finding, Severity, Verdict


async def submit(container: WorkerContainer, connection: Connection, item: WorkItem) -> None:
    """Ask for the log's entry about a signature and let its version go on to vetting.

    Both are one transaction, so that a killed run has done all of it or nothing. A signature that
    no client would take is rejected instead. The caller holds the version's lock.
    """
    if item.state != VersionState.SUBMITTED:
        return
    try:
        data = await container.staging.get(staging_key(item.sha256))
    except BlobMissing:
        data = None  # vetting tells of lost bytes; there is nothing to judge and to log
    finding = None if data is None else await refused_now(connection, item, data, container.clock())
    if finding is not None:
        told = [finding.to_json()]
        await work.finish_refused(connection, item.id, Verdict.REJECTED.value, told)
    elif await work.mark_submitted(connection, item.id) and data is not None:
        dedup = f"submitted:{item.id}"
        await log.request(connection, "submitted", dedup, item.package_id, item.id)
    await connection.commit()


async def refused_now(
    connection: Connection, item: WorkItem, data: bytes, now: datetime
) -> Finding | None:
    """Return why no client takes the publisher's signature by what is known now, None when all do.

    It is judged by the time of its log entry, and by the present moment until it has one.
    """
    stored = await pki.read(connection, pki.STATE)
    await connection.rollback()
    at = now
    if item.submitted is not None:
        at = parse_submitted(item.submitted.decode("utf-8")).archive.time
    submission = Submission(item.signature or b"", tuple(item.chain or ()))
    anchors = read_anchors(stored or b"")
    try:
        await asyncio.to_thread(judge, submission, data, item.namespace, anchors, at, now)
    except VerificationRefused as error:
        rule = f"publisher-signature:{error.check}"
        return Finding(rule, "", f"{error.what} {error.why}", Severity.BLOCKER)
    return None
