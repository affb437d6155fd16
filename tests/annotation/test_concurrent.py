"""Many writers at once, and writers that are killed: no edit is lost."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from microtome.annotation import AnnotationIn, Annotations, EditConflict, open_annotations
from tests.annotation.conftest import Open
from tests.annotation.postgresql import PostgreSQL
from tests.annotation.writer import SHARED, append

ROOT = Path(__file__).resolve().parents[2]


def started(place: str, name: str, edits: int, start: Path) -> subprocess.Popen[str]:
    """A writer in a process of its own, which waits for the file `start`."""
    command = [sys.executable, "-m", "tests.annotation.writer", place, name, str(edits), str(start)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check(notes: Annotations, acknowledged: set[str], all_of_them: bool = True) -> None:
    """Every acknowledged edit is in the note and has a version of its own."""
    history = notes.history(**SHARED)
    assert [r.version for r in history] == [*range(1, len(history) + 1)]
    authors = [r.author for r in history]
    assert len(set(authors)) == len(authors)
    assert acknowledged <= set(authors)
    current = notes.get(**SHARED)
    assert current is not None
    assert set(current.note.split("\n")) == set(authors)
    if all_of_them:
        assert set(authors) == acknowledged


def test_threads_lose_no_edit(notes: Annotations):
    def write(name: int) -> list[str]:
        return [append(notes, f"{name}.{i}").author for i in range(10)]

    with ThreadPoolExecutor(8) as pool:
        done = {said for names in pool.map(write, range(8)) for said in names}
    assert len(done) == 80
    check(notes, done)


def test_of_first_edits_at_once_one_is_accepted(notes: Annotations):
    together = threading.Barrier(8)

    def write(name: int) -> bool:
        together.wait()
        try:
            notes.put(AnnotationIn(dictionary="abc", encoder=0, feature=1, label=str(name)))
        except EditConflict as conflict:
            assert conflict.current is not None
            assert conflict.current.version == 1
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1
    assert len(notes.history("abc", 0, 1)) == 1


def test_processes_that_open_and_write_at_once_lose_no_edit(
    place: str, opened: Open, tmp_path: Path
):
    start = tmp_path / "start"
    processes = [started(place, f"p{i}", 10, start) for i in range(5)]
    start.touch()  # the database is made by whoever comes first
    said = {line for p in processes for line in p.communicate(timeout=120)[0].split()}
    assert [p.returncode for p in processes] == [0] * 5
    assert len(said) == 50
    check(opened(), said)


def test_a_killed_writer_loses_nothing_that_was_acknowledged(
    place: str, opened: Open, tmp_path: Path
):
    start = tmp_path / "start"
    processes = [started(place, f"p{i}", 10_000, start) for i in range(2)]
    start.touch()
    said = set()
    for process in processes:
        assert process.stdout is not None
        said |= {process.stdout.readline().strip() for _ in range(20)}
    for process in processes:
        process.kill()
        assert process.stdout is not None
        with process:  # communicate would pass over what readline has read ahead
            rest = process.stdout.read()
        assert process.returncode == -9
        # a last line without its end was not said
        said |= set(rest[: rest.rfind("\n") + 1].split())
    assert len(said) >= 40
    check(opened(), said, all_of_them=False)
    append(opened(), "after")  # and it goes on


def test_a_server_that_crashes_loses_nothing_either(postgresql: PostgreSQL):
    url = postgresql.new_database("crashing")
    with open_annotations(url) as notes:
        said = {append(notes, str(i)).author for i in range(5)}
        postgresql.crash()
        postgresql.start()
        said.add(append(notes, "after").author)
        check(notes, said)
