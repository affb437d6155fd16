"""The registry: names of specimens, variants and parts, and what is built on demand."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen import (
    Specimen,
    all_specimens,
    load_atlas,
    load_dictionary,
    load_model,
    load_truth,
    register_specimen,
    registry,
    specimen_path,
)
from microtome.specimen.cache import cache_folder
from microtome.specimen.entry import every_part_of
from microtome.specimen.registry import find_part, find_specimen
from microtome.specimen.truth import Truth, save_truth


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Registered specimens and what they build are the test's own."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setenv("MICROTOME_CACHE", str(tmp_path / "cache"))
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()


def clerk_like(tmp_path: Path) -> Specimen:
    folder = tmp_path / "porter"
    for part in ("base/model", "chat/model", "chat/sae", "truth"):
        (folder / part).mkdir(parents=True)
    return Specimen(
        "porter",
        "a specimen with variants",
        variants={"base": ("model", "truth"), "chat": ("model", "clt", "sae", "truth")},
        folder=folder,
    )


@pytest.mark.parametrize(
    ("name", "wanted", "full"),
    [
        ("specimen:adder", "model", "specimen:adder"),
        ("specimen:adder", "dictionary", "specimen:adder/clt"),
        ("specimen:adder/plt", "dictionary", "specimen:adder/plt"),
        ("specimen:adder", "plt", "specimen:adder/plt"),
        ("specimen:porter", "model", "specimen:porter/base"),
        ("specimen:porter/chat", "model", "specimen:porter/chat"),
        ("specimen:porter/chat", "dictionary", "specimen:porter/chat/clt"),
        ("specimen:porter/chat/sae", "model", "specimen:porter/chat/sae"),
        ("specimen:porter/truth", "truth", "specimen:porter/base/truth"),
    ],
)
def test_what_a_name_means(tmp_path: Path, name: str, wanted: str, full: str):
    register_specimen(clerk_like(tmp_path))
    assert find_part(name, wanted).full_name == full


@pytest.mark.parametrize(
    ("name", "wanted", "said"),
    [
        ("specimen:ader", "model", r"unknown specimen 'ader'; did you mean 'adder'\? Known: adder"),
        ("specimen:", "model", "unknown specimen ''"),
        ("specimen:ADDER", "model", "did you mean 'adder'"),
        ("specimen:adder/plx", "model", "'adder' has no 'plx'; did you mean 'plt'"),
        ("specimen:adder/chat/plt", "model", "'adder' has no 'chat/plt'"),
        ("specimen:porter/chart", "model", "'porter' has no 'chart'; did you mean 'chat'"),
        (
            "specimen:porter/chat/sea",
            "model",
            r"'porter' \(chat\) has no 'sea'; did you mean 'sae'",
        ),
        ("specimen:porter/base/sae", "model", r"\(base\) has no 'sae'"),
        ("specimen:porter", "dictionary", r"\(base\) has no dictionary; it has model, truth"),
        ("specimen:synthetic", "model", "'synthetic' has no model; it has truth"),
    ],
)
def test_names_that_mean_nothing(tmp_path: Path, name: str, wanted: str, said: str):
    register_specimen(clerk_like(tmp_path))
    with pytest.raises(MicrotomeError, match=said):
        find_part(name, wanted)


def test_parts_lie_in_the_variant_or_are_shared(tmp_path: Path):
    specimen = clerk_like(tmp_path)
    register_specimen(specimen)
    assert specimen.folder is not None
    assert specimen_path("specimen:porter/chat/sae", "model") == specimen.folder / "chat" / "sae"
    assert specimen_path("specimen:porter/chat", "truth") == specimen.folder / "truth"
    with pytest.raises(MicrotomeError, match=r"not bundled with .*chat.clt is missing"):
        specimen_path("specimen:porter/chat/clt", "model")
    names = [part.full_name for part in every_part_of(specimen)]
    assert names[:3] == [
        "specimen:porter/base",
        "specimen:porter/base/truth",
        "specimen:porter/chat",
    ]


def test_a_part_of_another_kind_is_refused():
    with pytest.raises(MicrotomeError, match="adder/plt is a dictionary, not a model"):
        load_model("specimen:adder/plt")
    with pytest.raises(MicrotomeError, match="adder/atlas is an atlas, not a dictionary"):
        load_dictionary("specimen:adder/atlas")
    with pytest.raises(MicrotomeError, match="adder/plt is a dictionary, not an atlas"):
        load_atlas("specimen:adder/plt")
    with pytest.raises(MicrotomeError, match="'adder' has no truth"):
        load_truth("specimen:adder")


def test_what_is_built_on_demand_is_built_once(tmp_path: Path):
    asked: list[str] = []

    def build(name: str, folder: Path) -> None:
        asked.append(name)
        save_truth(Truth(specimen=name, kind="compiled"), {}, folder / "truth")

    register_specimen(Specimen("coin", "built", parts=("truth", "model"), build=build))
    for _ in range(2):
        truth, _ = load_truth("specimen:coin")
        assert truth.specimen == "coin"
    assert asked == ["coin"]
    assert cache_folder() in specimen_path("specimen:coin", "truth").parents
    with pytest.raises(MicrotomeError, match="builder of specimen 'coin' made no 'model'"):
        load_model("specimen:coin")


def test_other_code_builds_anew():
    def first(name: str, folder: Path) -> None:
        save_truth(Truth(specimen="first", kind="compiled"), {}, folder / "truth")

    def second(name: str, folder: Path) -> None:
        save_truth(Truth(specimen="second", kind="compiled"), {}, folder / "truth")

    for build in (first, second):
        register_specimen(Specimen("coin", "built", parts=("truth",), build=build), replace=True)
        assert load_truth("specimen:coin")[0].specimen == build.__name__


def test_another_process_may_be_faster():
    asked: list[str] = []

    def build(name: str, folder: Path) -> None:
        asked.append(name)
        number = len(asked)
        if number == 1:
            assert load_truth("specimen:coin")[0].about == "2"
        truth = Truth(specimen=name, kind="compiled", about=str(number))
        save_truth(truth, {}, folder / "truth")

    register_specimen(Specimen("coin", "built", parts=("truth",), build=build))
    assert load_truth("specimen:coin")[0].about == "2"
    folder = specimen_path("specimen:coin", "truth").parents[1]
    assert len(list(folder.iterdir())) == 1


def test_a_build_that_fails_leaves_nothing(tmp_path: Path):
    def build(name: str, folder: Path) -> None:
        (folder / "truth").mkdir()
        raise MicrotomeError("no luck")

    register_specimen(Specimen("coin", "built", parts=("truth",), build=build))
    with pytest.raises(MicrotomeError, match="no luck"):
        specimen_path("specimen:coin", "truth")
    assert not list((tmp_path / "cache" / "specimens").iterdir())


def test_what_a_builder_raises_is_said_in_a_sentence(tmp_path: Path):
    def build(name: str, folder: Path) -> None:
        raise ZeroDivisionError("no\nluck")

    register_specimen(Specimen("coin", "built", parts=("truth",), build=build))
    with pytest.raises(MicrotomeError, match="'coin' cannot be built: ZeroDivisionError: no luck"):
        specimen_path("specimen:coin", "truth")
    assert not list((tmp_path / "cache" / "specimens").iterdir())


def test_a_module_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken_builder.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    register_specimen(Specimen("coin", "built", parts=("truth",), build="broken_builder:build"))
    with pytest.raises(MicrotomeError, match="'broken_builder:build', which is not there: div"):
        load_truth("specimen:coin")


def test_a_builder_that_is_not_there():
    register_specimen(Specimen("coin", "built", parts=("truth",), build="microtome.coin:build"))
    with pytest.raises(MicrotomeError, match=r"names the builder 'microtome\.coin:build'"):
        load_truth("specimen:coin")


@pytest.mark.parametrize(
    ("own", "shared", "folder"),
    [("/a", "/b", "/a"), ("", "/b", "/b/microtome"), ("", "", "/home/.cache/microtome")],
)
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, own: str, shared: str, folder: str):
    monkeypatch.setenv("MICROTOME_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", shared)
    monkeypatch.setattr(Path, "home", lambda: Path("/home"))
    assert cache_folder() == Path(folder)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"parts": ()}, "needs either parts or variants"),
        ({"variants": {"a": ("model",)}}, "needs either parts or variants"),
        ({"name": "Coin"}, "'Coin' is not a name"),
        ({"parts": ("../model",)}, "is not a name"),
        ({"parts": (), "variants": {"sae": ("sae",)}}, "a variant and a part named 'sae'"),
    ],
)
def test_rows_that_cannot_be(row: dict, said: str):
    with pytest.raises(MicrotomeError, match=said):
        Specimen(**{"name": "coin", "about": "", "parts": ("model",)} | row)


def test_a_name_is_taken_once(tmp_path: Path):
    specimen = clerk_like(tmp_path)
    register_specimen(specimen)
    with pytest.raises(MicrotomeError, match="'porter' already"):
        register_specimen(specimen)
    register_specimen(specimen, replace=True)
    with pytest.raises(MicrotomeError, match="'adder' already"):
        register_specimen(Specimen("adder", "", parts=("model",)), replace=True)


def test_specimens_of_installed_packages(monkeypatch: pytest.MonkeyPatch):
    points = [
        EntryPoint("adder", "microtome.specimen.bundled:BUNDLED", registry.ENTRY_POINTS),
        EntryPoint("lost", "microtome.nowhere:SPECIMEN", registry.ENTRY_POINTS),
        EntryPoint("die", f"{__name__}:DIE", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.warns(UserWarning) as warned:
        assert find_specimen("specimen:die") is DIE
    assert [str(w.message).split(":")[0] for w in warned] == [
        "specimen 'adder' is left out",
        "specimen 'lost' is left out",
    ]
    assert list(all_specimens())[-1] == "die"


DIE = Specimen("die", "of another package", parts=("model",))
