"""Revision 0008: quotas, idempotency, private reads."""

from skreg.db.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0008_limits.sql")
