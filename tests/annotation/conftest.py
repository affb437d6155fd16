"""Where annotations are kept in tests: an SQLite file, and a database of a real PostgreSQL."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from microtome.annotation import Annotations, open_annotations
from tests.annotation.postgresql import PostgreSQL, programs


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    if programs() is None:
        said = "PostgreSQL is not installed; on Debian: apt-get install -y postgresql"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    server = PostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A path or URL at which there is nothing yet."""
    if request.param == "sqlite":
        return str(tmp_path / "annotations.sqlite")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new_database(f"t{uuid.uuid4().hex}")


Open = Callable[[], Annotations]


@pytest.fixture
def opened(place: str) -> Iterator[Open]:
    """Open the annotations at `place`, as often as is wanted."""
    made: list[Annotations] = []

    def call() -> Annotations:
        made.append(open_annotations(place))
        return made[-1]

    yield call
    for annotations in made:
        annotations.close()


@pytest.fixture
def notes(opened: Open) -> Annotations:
    return opened()
