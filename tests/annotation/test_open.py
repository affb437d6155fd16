"""Databases are made, brought to the newest version, or refused in one sentence."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from microtome.annotation import AnnotationIn, open_annotations
from microtome.annotation.database import Database
from microtome.annotation.tables import VERSION_TABLE, metadata
from microtome.errors import MicrotomeError
from tests.annotation.postgresql import PASSWORD, PostgreSQL
from tests.privileges import as_any_user


def test_migrations_lead_to_the_tables_that_are_used(place: str):
    database = Database(place)
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_newer_database_is_refused(place: str):
    database = Database(place)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0999'"))
    database.close()
    with pytest.raises(MicrotomeError, match=r"written by a newer microtome .*0999.*upgrade"):
        open_annotations(place)


def test_tables_of_something_else_are_left_alone(place: str):
    database = Database(place)
    with database.writing() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        connection.execute(text("CREATE TABLE annotations (mine INTEGER)"))
    database.close()
    with pytest.raises(MicrotomeError, match="holds a table 'annotations'"):
        open_annotations(place)


def test_another_programs_file_is_left_alone(tmp_path: Path):
    path = tmp_path / "history.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE visits (url TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(MicrotomeError, match=r"not a database of annotations.*'visits'"):
        open_annotations(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_database_may_be_shared_on_a_server(postgresql: PostgreSQL):
    import psycopg

    url = postgresql.new_database("shared_with_others")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE visits (url TEXT)")
    with open_annotations(url) as notes:
        notes.put(AnnotationIn(dictionary="abc", encoder=0, feature=1, label="dog"))
        assert notes.labels("abc") == {(0, 1): "dog"}


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 9, b"x"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(MicrotomeError, match=r"notes\.txt"):
        open_annotations(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("/nowhere/at/all.sqlite", "has no folder /nowhere/at"),
        ("/", "is a folder"),
        ("mysql://root:secret@host/db", "cannot be kept in mysql"),
        ("sqlite://", "cannot be kept in sqlite"),
        ("postgresql://user:secret@host:port/db", "malformed"),
        ("postgresql://tester:secret@127.0.0.1:1/db", "127.0.0.1:1/db: connection failed"),
    ],
)
def test_bad_places_are_named_without_passwords(where: str, said: str):
    with pytest.raises(MicrotomeError, match=said) as error:
        open_annotations(where)
    assert "secret" not in str(error.value)


def test_a_wrong_password_is_not_shown(postgresql: PostgreSQL):
    url = postgresql.url("postgres")
    with pytest.raises(MicrotomeError, match="password authentication failed") as error:
        open_annotations(url.replace(PASSWORD, "hunter2"))
    assert "hunter2" not in str(error.value)
    with open_annotations(postgresql.new_database("quiet")) as notes:
        assert PASSWORD not in notes.place


def test_a_path_may_hold_any_character(tmp_path: Path):
    path = tmp_path / "100% of #1?.sqlite"
    with open_annotations(path) as notes:
        notes.put(AnnotationIn(dictionary="abc", encoder=0, feature=1, label="dog"))
    assert path.is_file()
    with open_annotations(str(path)) as notes:
        assert notes.labels("abc") == {(0, 1): "dog"}


def test_a_file_is_readable_while_another_program_writes(tmp_path: Path):
    path = tmp_path / "annotations.sqlite"
    with open_annotations(path) as notes:
        notes.put(AnnotationIn(dictionary="abc", encoder=0, feature=1, label="dog"))
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE annotations SET label = 'cat'")
        assert notes.labels("abc") == {(0, 1): "dog"}
        writer.execute("ROLLBACK")
        writer.close()


def test_every_commit_reaches_the_disk(tmp_path: Path):
    database = Database(tmp_path / "annotations.sqlite")
    with database.reading() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    database.close()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000}


NOTE = AnnotationIn(dictionary="abc", encoder=0, feature=1, label="dog")


@pytest.mark.parametrize("log_is_there", [False, True])
def test_notes_in_a_read_only_place_are_read_and_refuse_edits(tmp_path: Path, log_is_there: bool):
    (tmp_path / "other").mkdir()
    with open_annotations(tmp_path / "other" / "annotations.sqlite") as first:
        first.put(NOTE)
        if log_is_there:  # as a process that was killed leaves it
            shutil.copytree(tmp_path / "other", tmp_path, dirs_exist_ok=True)
    if not log_is_there:
        shutil.copytree(tmp_path / "other", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "other")
    path = tmp_path / "annotations.sqlite"
    with as_any_user():
        for file in tmp_path.iterdir():
            file.chmod(0o444)
        tmp_path.chmod(0o555)
        try:
            with open_annotations(path) as notes:
                assert notes.read_only and notes.labels("abc") == {(0, 1): "dog"}
                with pytest.raises(MicrotomeError, match="readonly database"):
                    notes.put(NOTE.model_copy(update={"version": 1}))
                assert notes.labels("abc") == {(0, 1): "dog"}
        finally:
            tmp_path.chmod(0o755)


def test_a_file_that_can_be_written_is_not_read_only(tmp_path: Path):
    path = tmp_path / "annotations.sqlite"
    for _ in range(2):
        with open_annotations(path) as notes:
            assert not notes.read_only
