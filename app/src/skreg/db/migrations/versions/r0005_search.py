"""Revision 0005: search, popularity, changes."""

from skreg.db.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0005_search.sql")
