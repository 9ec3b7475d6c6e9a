"""The read-plane refresh: documents, bins, tiles, timestamp last; then the rows follow.

One refresh serves every package that changed meanwhile. A version becomes ``published`` in the
database only after the timestamp that reaches it is written.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Literal, cast

from skillpkg.canonical_json import JsonObject
from skillpkg.types import SignerKind
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import advisories, catalogue, documents, moves
from skreg.db.queries.documents import DirtyPackage, ListedVersion, WaitingDocument
from skreg.domain.events import Event, EventKind
from skreg.domain.releases import with_latest
from skreg.domain.states import VersionState
from skreg.events import emit
from skreg.pki.state import PkiState, der
from skreg.publish.index.bins import PackageEntry
from skreg.publish.index.documents import (
    IndexVersion,
    PackageFacts,
    SignedDocument,
    sign_document,
)
from skreg.publish.index.paths import document_key
from skreg.publish.index.timestamp import TimestampFacts, publish_timestamp
from skreg.publish.index.tree import TreeState
from skreg.publish.index.writer import update_tree, write_document, write_newest
from skreg.publish.pipeline_keys import signing_leaf
from skreg.publish.sign.leaf import SigningLeaf

BATCH = 64


async def refresh(
    container: WorkerContainer, connection: Connection, state: PkiState, size: int
) -> None:
    """Bring the read plane to the rows; writes nothing when it is there already.

    The caller holds the publication lock on ``connection``; ``size`` entries are under the
    published checkpoint.
    """
    leaf = signing_leaf(container.keys, state)
    while dirty := await documents.dirty(connection, _revoked_leaves(state), BATCH):
        await _sign_documents(container, connection, state, leaf, dirty)
    waiting = await documents.waiting(connection)
    count = await documents.count(connection)

    async def packages(prefix: str) -> Mapping[str, PackageEntry]:
        found = await documents.under_prefix(connection, prefix)
        return {line.package: PackageEntry(line.sequence, line.sha256) for line in found}

    previous = await _previous(connection)
    names = [document.package for document in waiting]
    change = await update_tree(container.storage, previous, count, names, packages)
    await connection.rollback()
    facts = TimestampFacts(state.registry_id, change.state, size, state.crl_numbers)
    await publish_timestamp(container.storage, facts, leaf, container.clock())
    for document in waiting:
        await write_newest(container.storage, _signed(document))
    await _commit(container, connection, waiting, change.state, change.replaced, size)


async def _previous(connection: Connection) -> TreeState | None:
    """Return the tree of the last refresh from its row.

    Never from the stored timestamp: an old one put back into the bucket would silently drop
    whatever was published since.
    """
    kept = await documents.state(connection)
    return None if kept is None else TreeState(kept.prefix_length, kept.root)


def _revoked_leaves(state: PkiState) -> list[str]:
    """Return the SHA-256 of each revoked leaf that has not expired: its documents are renewed."""
    leaves = (state.leaf, *state.former_leaves)
    return [hashlib.sha256(der(leaf)).hexdigest() for leaf in leaves if state.revocation_of(leaf)]


def _signed(document: WaitingDocument) -> SignedDocument:
    return SignedDocument.of(document.package, document.sequence, document.envelope)


async def _sign_documents(
    container: WorkerContainer,
    connection: Connection,
    state: PkiState,
    leaf: SigningLeaf,
    dirty: list[DirtyPackage],
) -> None:
    """Sign and write a batch of documents, then keep their rows in one transaction."""
    leaf_sha256 = hashlib.sha256(leaf.chain[0]).hexdigest()
    now = container.clock()
    facts = [await _facts(connection, state, package) for package in dirty]
    await connection.rollback()
    signed = await asyncio.gather(
        *(asyncio.to_thread(sign_document, one, leaf, now) for one in facts)
    )
    for document in signed:
        await write_document(container.storage, document)
    for package, document in zip(dirty, signed, strict=True):
        await documents.keep(
            connection,
            package,
            sequence=document.sequence,
            envelope=document.data,
            sha256=document.sha256,
            leaf_sha256=leaf_sha256,
            signed_at=now,
        )
    gone = [
        document_key(f"{item.namespace}/{item.name}", item.sha256) for item in dirty if item.sha256
    ]
    await documents.replaced(connection, gone)
    await connection.commit()


async def _facts(connection: Connection, state: PkiState, package: DirtyPackage) -> PackageFacts:
    listed = await documents.listed(connection, package.id)
    tags = await catalogue.tags_of(connection, package.id)
    tags, _ = with_latest(tags, ((item.version, _shown_state(item)) for item in listed))
    return PackageFacts(
        registry=state.registry_id,
        namespace=package.namespace,
        name=package.name,
        sequence=package.sequence + 1,
        signer_class=_signer_class(listed),
        versions=tuple(_version(item) for item in listed),
        dist_tags=tags,
        advisories=tuple(
            cast("JsonObject", dict(item.record))
            for item in await advisories.of_package(connection, package.id)
        ),
        moved_to=await moves.target_of(connection, package.id),
    )


def _signer_class(listed: list[ListedVersion]) -> Literal["registry", "publisher", "mixed"]:
    kinds = {str(item.signer.get("kind")) for item in listed}
    if kinds == {"publisher"}:
        return "publisher"
    return "mixed" if "publisher" in kinds else "registry"


def _shown_state(item: ListedVersion) -> str:
    """Return the state as the index shows it: what is logged is published by this refresh."""
    return VersionState.PUBLISHED if item.state == VersionState.LOGGED else item.state


def _version(item: ListedVersion) -> IndexVersion:
    state = cast("Literal['published', 'yanked', 'withdrawn']", str(_shown_state(item)))
    return IndexVersion(
        version=item.version,
        sha256=item.sha256,
        content_digest=item.content_digest,
        size=item.size,
        release=hashlib.sha256(item.release).hexdigest(),
        signer=SignerKind.from_json(dict(item.signer)),
        published_at=item.published_at,
        log_index=item.log_index,
        state=state,
        deprecated=item.deprecated,
        dependencies=item.manifest.get("dependencies", {}),
    )


async def _commit(
    container: WorkerContainer,
    connection: Connection,
    waiting: list[WaitingDocument],
    tree: TreeState,
    replaced: list[str],
    size: int,
) -> None:
    for document in waiting:
        for version in await documents.commit(connection, document):
            namespace = document.package.partition("/")[0]
            event = Event(EventKind.PUBLISHED, namespace, f"{document.package}@{version}")
            await emit(container.queue, connection, event)
        listed = await documents.listed(connection, document.package_id)
        tags = await catalogue.tags_of(connection, document.package_id)
        _, newest = with_latest(tags, ((item.version, item.state) for item in listed))
        namespace, _, name = document.package.partition("/")
        if await moves.hide_moved(connection, document.package_id):
            newest = None
        await documents.show_in_search(connection, document.package_id, namespace, name, newest)
    await documents.replaced(connection, replaced)
    await documents.save_state(connection, tree.prefix_length, tree.root, size, container.clock())
    await connection.commit()
