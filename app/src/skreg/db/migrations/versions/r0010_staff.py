"""Revision 0010: what the registry's staff yanks and takes down."""

from skreg.db.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add what this revision brings."""
    run_sql("0010_staff.sql")
