"""Revision 0015: webhooks that were switched off and on again."""

from skreg.db.migrations import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0015_webhooks_enabled.sql")
