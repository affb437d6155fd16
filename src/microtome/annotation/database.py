"""Engines: an SQLite file, or PostgreSQL by URL, with transactions that mean the same on both."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from microtome.annotation.migrate import is_current, migrate
from microtome.errors import MicrotomeError

BUSY_SECONDS = 30
"""For how long a writer waits for another one."""
_READ_ONLY = ("mode=ro", "mode=ro&immutable=1")
"""How SQLite opens a file that may not be written: beside the files of a log that are there, or
without any, where none can be made either."""
_MAGIC = b"SQLite format 3\x00"


class Database:
    """A database of annotations at the newest version; one per process, shared by threads."""

    refused: MicrotomeError | None = None
    """Why it can only be read; None where it can be written too."""

    def __init__(self, where: str | Path):
        """Open, or make; a file that cannot be written is opened to be read.

        Raises:
            MicrotomeError: no such place, not a database of annotations, or a newer version.
        """
        url = _url(where)
        self.place = url.database or "" if _is_sqlite(url) else url.render_as_string(True)
        self._engine = _engine(url)
        try:
            self._prepare(_is_sqlite(url))
        except MicrotomeError as error:
            self.close()
            if not _is_sqlite(url) or not self._opens_read_only():
                raise
            self.refused = error
        except BaseException:
            self.close()
            raise

    def _prepare(self, sqlite: bool) -> None:
        """Bring the database to the newest version."""
        with self.reading() as connection:
            current = is_current(connection, self.place)
        if not current:
            with self.writing() as connection:
                migrate(connection, self.place)
        if sqlite:
            effective = os.access in os.supports_effective_ids
            if not os.access(self.place, os.W_OK, effective_ids=effective):
                raise MicrotomeError(f"annotations in {self.place}: this is a readonly database")
            self._write_ahead()

    def _opens_read_only(self) -> bool:
        """Whether it can be read without writing anything, its log neither; opens it so."""
        for how in _READ_ONLY:
            self._engine = _read_only_engine(self.place, how)
            try:
                with self.reading() as connection:
                    if is_current(connection, self.place):
                        return True
            except MicrotomeError:
                pass
            self.close()
        return False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self._spoken(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; when the block has ended, what it wrote is on disk.

        Raises:
            MicrotomeError: the database cannot be written.
        """
        if self.refused is not None:
            raise self.refused
        with self._spoken(), self._engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()

    def _write_ahead(self) -> None:
        """Let readers read beside a writer; the file remembers it.

        Where others are opening it, switching fails at once, whatever the timeout.
        """
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                with self._spoken(), self._engine.connect() as connection:
                    driver: Any = connection.connection.dbapi_connection
                    if driver.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                        driver.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise MicrotomeError(f"annotations in {self.place}: {error}") from error
                time.sleep(0.01)

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """Errors of the database as one sentence, without the password."""
        try:
            yield
        except IntegrityError:  # two writers made the same row: for the one who called to settle
            raise
        except DBAPIError as error:
            said = " ".join(str(error.orig).split())
            raise MicrotomeError(f"annotations in {self.place}: {said}") from error
        except PoolTimeout as error:
            raise MicrotomeError(
                f"annotations in {self.place}: all connections are busy; try again"
            ) from error


def _url(where: str | Path) -> URL:
    """A URL; a path is an SQLite file."""
    if isinstance(where, Path) or "://" not in where:
        path = Path(where)
        if path.is_dir() or not path.parent.is_dir():
            what = "is a folder" if path.is_dir() else f"has no folder {path.parent}"
            raise MicrotomeError(f"annotations cannot be kept in {path}: it {what}; name a file")
        if not _may_be_database(path):
            raise MicrotomeError(f"{path} is not a database of annotations; choose another file")
        return URL.create("sqlite", database=str(path.absolute()))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise MicrotomeError(
            "the URL of the annotations is malformed; write postgresql://USER@HOST:PORT/DATABASE"
        ) from None
    scheme = url.drivername.partition("+")[0]
    if scheme in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if scheme == "sqlite" and url.database not in (None, "", ":memory:"):
        return _url(Path(url.database or ""))
    raise MicrotomeError(
        f"annotations cannot be kept in {scheme}; give the path of an SQLite file or a URL such as "
        f"postgresql://USER@HOST:PORT/DATABASE"
    )


def _may_be_database(path: Path) -> bool:
    """Whether a file is absent, empty, or begins as SQLite's do: it overwrites very short ones."""
    if not path.exists():
        return True
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) in (b"", _MAGIC)


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _engine(url: URL) -> Engine:
    if _is_sqlite(url):
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except (ModuleNotFoundError, NoSuchModuleError):
        raise MicrotomeError(
            "annotations in PostgreSQL need psycopg; pip install 'microtome[postgresql]'"
        ) from None


def _read_only_engine(path: str, how: str) -> Engine:
    """Every transaction opens the file: one that is taken to be immutable may change after all."""

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(path, errors='surrogateescape')}?{how}"
        return sqlite3.connect(uri, timeout=BUSY_SECONDS, uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """A commit that is on disk when it returns."""
    connection.isolation_level = None  # no BEGIN of Python's own; see `_begin_sqlite`
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock first: one that had read before could not wait for it."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
