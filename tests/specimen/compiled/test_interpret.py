"""The interpreter: it keeps what programs promise, and follows what is forced."""

import numpy as np
import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import (
    PROGRAMS,
    output_tokens,
    run_program,
    sample_inputs,
    short_inputs,
)
from microtome.specimen.compiled.inputs import as_inputs
from microtome.specimen.compiled.program import Text

SORT, INDUCTION = PROGRAMS["sort"], PROGRAMS["induction"]


def tokens_of(program, text: str) -> np.ndarray:
    words = tuple(text.split())
    whole = as_inputs(program, [Text(words, (None,) * len(words))])
    return whole.tokens[:, : len(words) + 1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_promise_is_kept(name: str):
    program = PROGRAMS[name]
    for inputs in (short_inputs(program), sample_inputs(program, 1000, seed=1)):
        values = run_program(program, inputs.tokens)
        said = output_tokens(program, values)
        promised = inputs.targets >= 0
        assert promised.sum() >= len(inputs)
        assert values.clear.all()
        assert (said == inputs.targets)[promised].all()


def test_values_of_one_text_by_hand():
    values = run_program(SORT, tokens_of(SORT, "3 1 3 > 1 3"))
    # <s>, 3, 1, 3, >, 1, 3
    assert values["no larger"][0].tolist() == [0, 1, 1, 3, 0, 2, 5]
    assert [SORT.values["larger"][i] for i in values["larger"][0]][4:] == ["1", "3", "<s>"]
    assert values["separator"][0].tolist() == [0, 0, 0, 0, 4, 4, 4]
    assert values["again"][0].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_what_follows_a_forced_value():
    tokens = tokens_of(SORT, "3 1 3 > 1 3")
    forced = np.full(tokens.shape, -1)
    forced[0, 6] = 0
    values = run_program(SORT, tokens, {"again": forced})
    assert SORT.values["next"][values["next"][0, 6]] == "</s>"
    assert (values["next"][0, :6] == run_program(SORT, tokens)["next"][0, :6]).all()


def test_positions_that_tie_must_agree():
    values = run_program(INDUCTION, tokens_of(INDUCTION, "a b a c a"))
    assert values.clear.tolist() == [False]


@pytest.mark.parametrize(
    ("forced", "message"),
    [
        ({"agin": (0, 1, 0)}, "has no variable 'agin'; known: token, position, start, separator"),
        ({"again": (0, 1, 2)}, "indices of its 2 values"),
        ({"start": (0, 1, 0)}, "start cannot be forced"),
        ({"again": (0, 0, 0)}, "'again' at <s> cannot be forced"),
    ],
)
def test_what_cannot_be_forced(forced: dict, message: str):
    tokens = tokens_of(SORT, "3 1")
    grids = {}
    for name, (row, position, value) in forced.items():
        grids[name] = np.full(tokens.shape, -1)
        grids[name][row, position] = value
    with pytest.raises(MicrotomeError, match=message):
        run_program(SORT, tokens, grids)


def test_texts_that_are_refused():
    with pytest.raises(MicrotomeError, match="has 20 tokens after <s>"):
        as_inputs(SORT, [Text(("1",) * 20, (None,) * 20)])
    with pytest.raises(MicrotomeError, match="'9' is not in the vocabulary of 'sort'"):
        as_inputs(SORT, [Text(("9",), (None,))])
    with pytest.raises(MicrotomeError, match="has 16 tokens, but 'sort' is compiled for up to 15"):
        run_program(SORT, np.ones((1, 16), dtype=np.int64))
    with pytest.raises(MicrotomeError, match="begins with <s>"):
        run_program(SORT, np.full((1, 3), 5))
    with pytest.raises(MicrotomeError, match=r"outside the vocabulary of 'sort' \(0 to 11\)"):
        run_program(SORT, np.array([[1, 99]]))
    with pytest.raises(MicrotomeError, match="0 texts cannot be drawn"):
        sample_inputs(SORT, 0)
