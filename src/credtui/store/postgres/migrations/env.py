"""Runs migrations on the connection that the command opened. Alembic loads this file."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table_schema="credtui"
)
with context.begin_transaction():
    context.run_migrations()
