"""Interventions on the model do what they do in the program; and checks can fail."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import (
    Compiled,
    Swap,
    compare_swaps,
    compile_program,
    forced_values,
    misread,
    output_tokens,
    sample_inputs,
    swap_values,
    wrong_texts,
)
from tests.specimen.compiled.conftest import compiled_once


def test_a_swapped_value_does_what_the_program_says(compiled: Compiled):
    report = compare_swaps(compiled, sample_inputs(compiled.program, 8, seed=3), each=4)
    assert report.wrong == 0
    assert report.compared > 60
    assert report.changed > report.compared / 10


def test_a_damaged_model_is_found_out():
    compiled = compile_program("parentheses", seed=5)
    with torch.no_grad():
        compiled.hf.get_submodule("transformer.h.0.mlp.c_proj").weight.mul_(0.3)
    inputs = sample_inputs(compiled.program, 50)
    assert wrong_texts(compiled, inputs).mean() > 0.2
    assert misread(compiled, inputs)["depth"] > 0
    assert compare_swaps(compiled, sample_inputs(compiled.program, 4)).wrong > 0


@pytest.mark.parametrize("variable", ["opened", "depth"])
def test_another_direction_does_not_do_it(variable: str):
    compiled, other = compiled_once("parentheses"), compiled_once("parentheses", seed=1)
    inputs = sample_inputs(compiled.program, 1, seed=3)
    tokens = torch.tensor(inputs.tokens[:, : int(inputs.lengths[0])])
    values = range(len(compiled.program.values[variable]))
    tried = [Swap(variable, position, value) for position in range(1, 10) for value in values]
    said = output_tokens(compiled.program, forced_values(compiled.program, tokens, tried))
    right, wrong = (
        (swap_values(which, compiled.language_model(), tokens, tried).numpy() == said).all(1)
        for which in (compiled, other)
    )
    assert right.all()
    assert not wrong.all()


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        (Swap("dept", 1, 0), "no variable 'dept' to swap; known: token, opened, closed, depth"),
        (Swap("start", 1, 0), "no variable 'start' to swap"),
        (Swap("depth", 0, 0), "position 0 cannot be swapped: the text has positions 1 to 3"),
        (Swap("depth", 4, 0), "position 4 cannot be swapped"),
        (Swap("depth", 1, 3), r"'depth' has no value 3: it has 3 \(0 to 2\)"),
    ],
)
def test_swaps_of_what_is_not_there(swap: Swap, message: str):
    compiled = compiled_once("parentheses")
    model = compiled.language_model()
    tokens = model.tokenize("( ) )")
    with pytest.raises(MicrotomeError, match=message):
        swap_values(compiled, model, tokens, [swap])
    with pytest.raises(MicrotomeError, match=message):
        forced_values(compiled.program, tokens, [swap])
