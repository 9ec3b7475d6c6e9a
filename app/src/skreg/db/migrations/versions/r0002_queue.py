"""The job queue: procrastinate's schema as of 3.10 (MIT), copied so that revisions are frozen."""

from skreg.db.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create procrastinate's tables and functions."""
    run_sql("0002_queue.sql")
