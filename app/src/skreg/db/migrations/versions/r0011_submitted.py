"""Revision 0011: the state of a version whose publisher signed it, before that is logged."""

from skreg.db.migrations import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0011_submitted.sql")
