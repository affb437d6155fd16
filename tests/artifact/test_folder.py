import json
import stat
from pathlib import Path

import pytest

from microtome.artifact import Manifest, check_output, new_artifact, read_manifest
from microtome.errors import MicrotomeError
from tests.privileges import as_any_user


def manifest(**fields: object) -> Manifest:
    return Manifest.model_validate({"kind": "dictionary", "schema_version": 1} | fields)


def write(path: Path, text: str = "x", force: bool = False) -> None:
    with new_artifact(path, manifest(), force) as folder:
        (folder / "a.txt").write_text(text)
        (folder / "sub").mkdir()
        (folder / "sub" / "b.txt").write_text(text * 2)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_holds_its_files_and_their_sizes(tmp_path):
    write(tmp_path / "deep" / "d")
    read = read_manifest(tmp_path / "deep" / "d")
    assert read.files == {"a.txt": 1, "sub/b.txt": 2}
    assert read.microtome_version
    assert names(tmp_path / "deep") == ["d"]


def test_nothing_is_there_until_the_block_ends(tmp_path):
    with new_artifact(tmp_path / "d", manifest()) as folder:
        (folder / "a.txt").write_text("x")
        assert not (tmp_path / "d").exists()
        assert not (folder / "manifest.json").exists()
    assert (tmp_path / "d" / "manifest.json").is_file()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_artifact(tmp_path / "d", manifest()) as folder:
        (folder / "a.txt").write_text("x")
        raise error
    assert not any(tmp_path.iterdir())


def test_an_exception_leaves_the_old_one(tmp_path):
    write(tmp_path / "d", "old")
    with pytest.raises(ValueError), new_artifact(tmp_path / "d", manifest(), force=True) as folder:
        (folder / "a.txt").write_text("new")
        raise ValueError
    assert (tmp_path / "d" / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["d"]


def test_force_replaces_all_of_the_old_one(tmp_path):
    write(tmp_path / "d", "old")
    with new_artifact(tmp_path / "d", manifest(), force=True) as folder:
        (folder / "c.txt").write_text("new")
    assert names(tmp_path / "d") == ["c.txt", "manifest.json"]
    assert names(tmp_path) == ["d"]


def test_without_force_the_block_is_never_entered(tmp_path):
    write(tmp_path / "d", "old")
    with pytest.raises(MicrotomeError, match="exists; pass --force to replace it"):
        write(tmp_path / "d", "new")
    assert (tmp_path / "d" / "a.txt").read_text() == "old"


def test_a_failed_write_is_one_sentence(tmp_path):
    with (
        pytest.raises(MicrotomeError, match=r"cannot write .*d: No space left"),
        new_artifact(tmp_path / "d", manifest()),
    ):
        raise OSError(28, "No space left on device")
    assert not any(tmp_path.iterdir())


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(MicrotomeError, match="cannot write"),
        new_artifact(tmp_path / "file" / "d", manifest()),
    ):
        pass


def test_it_is_as_open_as_any_folder(tmp_path):
    write(tmp_path / "d")
    (tmp_path / "plain").mkdir()
    mode = stat.S_IMODE((tmp_path / "d").stat().st_mode)
    assert mode == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.parametrize("force", [False, True])
def test_a_new_or_empty_output_is_free(tmp_path, force):
    check_output(tmp_path / "new", force)
    (tmp_path / "empty").mkdir()
    check_output(tmp_path / "empty", force)


def test_an_empty_output_is_written_to(tmp_path):
    (tmp_path / "d").mkdir()
    write(tmp_path / "d")
    assert read_manifest(tmp_path / "d").kind == "dictionary"


def test_an_artifact_is_replaced_only_by_force(tmp_path):
    write(tmp_path / "d")
    with pytest.raises(MicrotomeError, match="pass --force"):
        check_output(tmp_path / "d")
    check_output(tmp_path / "d", force=True)


def test_what_microtome_did_not_write_is_never_deleted(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with pytest.raises(MicrotomeError, match="is not a microtome artifact, so --force will not"):
        check_output(tmp_path / "thesis", force=True)


@pytest.mark.parametrize("force", [False, True])
def test_files_and_links_are_never_replaced(tmp_path, force):
    write(tmp_path / "d")
    (tmp_path / "link").symlink_to(tmp_path / "d")
    (tmp_path / "file").write_text("x")
    for name in ("link", "file"):
        with pytest.raises(MicrotomeError, match="is not a folder; choose another path"):
            check_output(tmp_path / name, force)


def test_the_manifest_is_readable_text(tmp_path):
    write(tmp_path / "d")
    assert json.loads((tmp_path / "d" / "manifest.json").read_text())["kind"] == "dictionary"


def test_a_path_through_a_folder_that_does_not_exist(tmp_path):
    (tmp_path / "sums.txt").write_text("1 + 1")
    with pytest.raises(MicrotomeError, match="leads through a folder that does not exist"):
        check_output(tmp_path / "none" / ".." / "sums.txt")
    check_output(tmp_path / "none" / "new")


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(MicrotomeError, match="file is not a folder"):
        check_output(tmp_path / "file" / "new" / "graph")
    (tmp_path / "closed").mkdir(mode=0o500)
    with as_any_user(), pytest.raises(MicrotomeError, match="closed is not writable"):
        check_output(tmp_path / "closed" / "new" / "graph")
    check_output(tmp_path / "new" / "graph")
