"""Revision 0003: accounts, tokens, namespaces."""

from skreg.db.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0003_accounts.sql")
