"""Bringing a database to the version that this microtome knows, by alembic."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from microtome.annotation.tables import VERSION_TABLE, metadata
from microtome.errors import MicrotomeError

_FOLDER = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6D6963726F746F6D
"""Of PostgreSQL, for the length of a transaction: `microtom` in ASCII."""
_alembic = threading.Lock()
"""alembic keeps the migration under way in globals."""


def is_current(connection: Connection, place: str) -> bool:
    """Whether the database has the version that this microtome knows.

    Raises:
        MicrotomeError: it has a newer one, or is a database of something else.
    """
    version = _version(connection)
    known = [script.revision for script in _scripts().walk_revisions()]  # newest first
    if version is not None and version not in known:
        raise MicrotomeError(
            f"annotations in {place} were written by a newer microtome (their schema is {version}, "
            f"this one knows up to {known[0]}); upgrade microtome to open them"
        )
    if version is None:
        _refuse_others(connection, place)
    return version == known[0]


def migrate(connection: Connection, place: str) -> None:
    """Bring the database to the newest version, inside the transaction that is under way.

    The transaction must keep other migrations out: SQLite's has to be IMMEDIATE; on PostgreSQL
    a lock is taken here.

    Raises:
        MicrotomeError: as `is_current`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
    if is_current(connection, place):  # another process was faster
        return
    config = _config()
    config.attributes["connection"] = connection
    with _alembic:
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _version(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _refuse_others(connection: Connection, place: str) -> None:
    """A file with tables of something else is not ours to add to; nor are tables of our names."""
    found = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    foreign = found if connection.dialect.name == "sqlite" else found & set(metadata.tables)
    if foreign:
        raise MicrotomeError(
            f"{place} is not a database of annotations: it holds a table {min(foreign)!r}; choose "
            f"another"
        )
