"""Alembic's entry: runs the revisions on the connection that ``skreg.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from skreg.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
