"""Revision 0012: how long a publisher's certificate is to be good."""

from skreg.db.migrations import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0012_lifetime.sql")
