"""One rule for what the name of a truth means."""

from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.truth_name import truth_name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("specimen:reverse", "specimen:reverse"),
        ("specimen:nothing", "specimen:nothing"),
        ("reverse", "specimen:reverse"),
        ("reverse/truth", "specimen:reverse/truth"),
        ("clerk/hidden", "specimen:clerk/hidden"),
        ("./reverse", "./reverse"),
        ("../elsewhere", "../elsewhere"),
        ("/reverse", "/reverse"),
        ("mine", "mine"),
        ("clerk/mine", "clerk/mine"),
    ],
)
def test_names(name: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With folders of the names of specimens beside those of no specimen."""
    monkeypatch.chdir(tmp_path)
    for folder in ("reverse/truth", "mine", "clerk/mine", "clerk/hidden"):
        Path(folder).mkdir(parents=True)
    assert truth_name(name) == meant


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sorrt", r"unknown truth 'sorrt'; did you mean 'sort'\?"),
        ("grup", r"unknown truth 'grup'; did you mean 'group'\?"),
        ("adder", "specimen 'adder' has no truth; it has"),
        ("clerk/hiden", "specimen 'clerk' has no 'hiden'; did you mean 'hidden'"),
        ("x" * 5000, "unknown truth 'xxx"),
    ],
)
def test_unknown_names_are_said_in_a_sentence(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MicrotomeError, match=message):
        truth_name(name, also=["group"])
