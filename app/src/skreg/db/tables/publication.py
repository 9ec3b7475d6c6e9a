"""What the worker keeps of the log, the signed documents and the PKI."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class LogRequest(SQLModel, table=True):
    """What is to be logged, in order; the sequencer alone turns it into an entry.

    ``dedup`` names the event, so that asking twice is one entry.
    """

    __tablename__ = "log_requests"
    __table_args__ = (
        sa.Index("log_requests_pending", "id", postgresql_where=sa.text("log_index IS NULL")),
    )
    id: int = c.identity()
    kind: str = c.text()
    dedup: str = c.text(unique=True)
    package_id: int | None = c.reference("packages.id", nullable=True)
    version_id: int | None = c.reference("versions.id", nullable=True)
    payload: dict[str, Any] = c.json(default="'{}'")
    log_index: int | None = c.number(nullable=True, unique=True)
    created_at: datetime = c.now()


class LogEntry(SQLModel, table=True):
    """One entry of the log at a dense index; ``entry`` is its canonical JSON."""

    __tablename__ = "log_entries"
    __table_args__ = (
        sa.Index(
            "log_entries_once",
            "kind",
            "version_id",
            unique=True,
            postgresql_where=sa.text("kind IN ('publish', 'submitted')"),
        ),
        sa.Index("log_entries_version", "version_id"),
    )
    index: int = c.number(primary_key=True, autoincrement=False)
    kind: str = c.text()
    version_id: int | None = c.reference("versions.id", nullable=True)
    entry: bytes = c.octets()
    sequenced_at: datetime = c.moment()


class LogState(SQLModel, table=True):
    """One row: the newest checkpoint that the read plane shows, as a signed note."""

    __tablename__ = "log_state"
    id: int = c.singleton()
    size: int = c.number()
    note: bytes = c.octets()
    updated_at: datetime = c.now()


class IndexDocument(SQLModel, table=True):
    """A package's newest signed index document; ``committed`` once a timestamp reaches it.

    ``revision`` is the package revision it was built from, ``leaf_sha256`` the certificate
    that signed it, so that a revoked leaf's documents can be found and signed again.
    """

    __tablename__ = "index_documents"
    __table_args__ = (
        sa.Index(
            "index_documents_waiting", "package_id", postgresql_where=sa.text("NOT committed")
        ),
    )
    package_id: int = c.reference("packages.id", primary_key=True)
    sequence: int = c.number()
    revision: int = c.number()
    envelope: bytes = c.octets()
    sha256: str = c.text()
    leaf_sha256: str = c.text()
    signed_at: datetime = c.moment()
    committed: bool = c.flag()


class ReadPlaneState(SQLModel, table=True):
    """One row: what the last timestamp that reached the store commits to."""

    __tablename__ = "read_plane_state"
    id: int = c.singleton()
    prefix_length: int = c.number()
    root: bytes = c.octets()
    checkpoint_size: int = c.number()
    issued_at: datetime = c.moment()


class ReplacedObject(SQLModel, table=True):
    """An object that nothing commits to any more; removed from the store a day later."""

    __tablename__ = "replaced_objects"
    key: str = c.text(primary_key=True)
    replaced_at: datetime = c.now(index=True)


class PkiRow(SQLModel, table=True):
    """The PKI's public state by name: certificates, CRLs, trust bundle, counters."""

    __tablename__ = "pki_state"
    name: str = c.text(primary_key=True)
    value: bytes = c.octets()
    updated_at: datetime = c.now()
