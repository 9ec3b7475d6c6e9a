"""Revision 0009: one version of a precedence."""

from skreg.db.migrations import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0009_precedence.sql")
