"""Every use of a signing key as a line of the audit trail, written before the signature is used."""

from __future__ import annotations

import json
import threading

import psycopg
from psycopg.conninfo import make_conninfo

from skreg.db.access import DatabaseAccess
from skreg.errors import DatabaseUnavailable
from skreg.signing import SignatureRecord

_INSERT = """
    INSERT INTO audit (action, subject, details) VALUES ('signature', %s, CAST(%s AS jsonb))"""


class SignatureAudit:
    """Writes records on a connection of its own, so that a rolled-back step keeps its trace."""

    def __init__(self, access: DatabaseAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def __call__(self, record: SignatureRecord) -> None:
        """Keep one record, committed when this returns.

        Raises:
            DatabaseUnavailable: it could not be kept, so the signature must not be used.
        """
        details = {
            "purpose": record.purpose,
            "digest": record.digest,
            "outcome": record.outcome,
        }
        values = (record.key_ref, json.dumps(details))
        with self._lock:
            try:
                self._write(values)
            except psycopg.OperationalError:
                self._forget()
                self._again(values)

    def close(self) -> None:
        """Return the connection."""
        with self._lock:
            self._forget()

    def _again(self, values: tuple[str, str]) -> None:
        try:
            self._write(values)
        except psycopg.OperationalError as error:
            self._forget()
            raise DatabaseUnavailable(
                "A signature could not be written to the audit trail, so it is not used.",
                why=type(error).__name__,
                fix="It is tried again; the database has to answer first.",
            ) from error

    def _write(self, values: tuple[str, str]) -> None:
        if self._connection is None:
            credentials = self._access.credentials()
            place = make_conninfo(self._access.url, connect_timeout="5", **credentials)
            self._connection = psycopg.connect(place, autocommit=True)
        self._connection.execute(_INSERT, values)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
