"""Revision 0006: releases, transfers, aliases."""

from skreg.db.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0006_releases.sql")
