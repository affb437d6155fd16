"""What the guide shows runs, its program of one's own among it."""

import re
import runpy
from pathlib import Path

import pytest

from microtome.model import LanguageModel
from microtome.specimen.compiled import (
    PROGRAMS,
    compile_program,
    misread,
    sample_inputs,
    short_inputs,
    wrong_texts,
)
from microtome.specimen.truth import load_truth
from tests.specimen.compiled.conftest import compiled_once

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "compiled.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


def test_the_program_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "seen.py"
    file.write_text(next(block for block in blocks() if block.startswith("# seen.py")))
    monkeypatch.chdir(tmp_path)
    program = runpy.run_path(str(file), run_name="__main__")["SEEN"]
    model = LanguageModel.load(tmp_path / "seen" / "model")
    best = model.run(model.tokenize("b a b c a")).logits[0, 1:].argmax(-1)
    assert [model.token_string(int(t)) for t in best] == ["no", "no", "yes", "no", "yes"]
    assert load_truth(tmp_path / "seen" / "truth")[0].specimen == "seen"
    compiled = compile_program(program)
    assert not wrong_texts(compiled, short_inputs(program)).any()
    assert not wrong_texts(compiled, sample_inputs(program, 500)).any()
    assert set(misread(compiled, sample_inputs(program, 100)).values()) == {0}


def test_the_other_blocks_say_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, swaps = blocks()[:2]
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(first, str(GUIDE), "exec"), names)
    model, compiled = names["model"], names["compiled"]
    assert [model.token_string(int(t)) for t in names["answer"]] == ["0", "1", "3", "3", "</s>"]
    assert compiled.directions("no larger").shape == (13, 39)
    place = compiled.schedule.places["no larger"]
    assert (place.by, place.layer, place.head) == ("mlp", 0, 2)
    exec(compile(swaps, str(GUIDE), "exec"), names)
    assert [model.token_string(int(names[name])) for name in ("said", "found")] == ["0", "0"]
    plain = model.run(names["tokens"]).logits[0, 6].argmax()
    assert model.token_string(int(plain)) == "1"


def test_the_table_is_what_is_compiled():
    text = GUIDE.read_text()
    for name in PROGRAMS:
        made = compiled_once(name)
        size = f"{made.schedule.layers}, {made.schedule.heads}"
        width = f"{made.d_model} of {made.space.subspaces}"
        assert re.search(rf"^\| `{name}` \|.*\| {size} \| {width} \|$", text, re.MULTILINE), name
