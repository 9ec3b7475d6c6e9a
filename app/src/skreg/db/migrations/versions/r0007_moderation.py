"""Revision 0007: reports, certificates, advisories, webhooks."""

from skreg.db.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0007_moderation.sql")
