"""Run by alembic, on the connection that `migrate.py` hands it."""

from alembic import context

from microtome.annotation.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite too: the connection says BEGIN itself
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
