"""Revision 0014: a delivery is one process's for a time, not for a transaction."""

from skreg.db.migrations import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0014_delivery_claims.sql")
