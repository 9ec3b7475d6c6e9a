"""The catalogue: accounts, packages, versions, log, signed documents, search."""

from skreg.db.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, trigger and index."""
    run_sql("0001_catalogue.sql")
