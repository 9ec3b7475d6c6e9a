"""Revision 0013: namespaces that sign all their versions themselves."""

from skreg.db.migrations import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0013_signed_only.sql")
