"""Revision 0004: trusted publishing."""

from skreg.db.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0004_trusted_publishing.sql")
