"""Interventions on the model do what they do in the program; and checks can fail."""

from random import Random

import pytest
import torch

from microtome.specimen.compiled import (
    Compiled,
    Swap,
    compile_program,
    forced_values,
    misread,
    output_tokens,
    sample_inputs,
    swap_values,
    wrong_texts,
)


def swaps(compiled: Compiled, length: int, random: Random, each: int) -> list[Swap]:
    program = compiled.program
    return [
        Swap(name, random.randrange(1, length), random.randrange(len(program.values[name])))
        for name in compiled.schedule.places
        if name != "start"
        for _ in range(each)
    ]


def test_a_swapped_value_does_what_the_program_says(compiled: Compiled):
    random, program, model = Random(0), compiled.program, compiled.language_model()
    inputs = sample_inputs(program, 8, seed=3)
    compared = changed = 0
    for row, length in enumerate(inputs.lengths):
        tokens = torch.tensor(inputs.tokens[row : row + 1, :length])
        tried = swaps(compiled, int(length), random, each=4)
        found = swap_values(compiled, model, tokens, tried).numpy()
        values = forced_values(program, tokens, tried)
        said = output_tokens(program, values)
        plain = model.run(tokens).logits.argmax(-1).numpy()
        for i in values.clear.nonzero()[0]:
            promised = said[i] >= 0
            assert (found[i] == said[i])[promised].all(), tried[i]
            compared += 1
            changed += bool((found[i] != plain[0])[promised].any())
    assert compared > 60
    assert changed > compared / 10


def test_a_damaged_model_is_found_out():
    compiled = compile_program("parentheses", seed=5)
    with torch.no_grad():
        compiled.hf.get_submodule("transformer.h.0.mlp.c_proj").weight.mul_(0.3)
    inputs = sample_inputs(compiled.program, 50)
    assert wrong_texts(compiled, inputs).mean() > 0.2
    assert misread(compiled, inputs)["depth"] > 0


@pytest.mark.parametrize("variable", ["opened", "depth"])
def test_another_direction_does_not_do_it(variable: str):
    compiled, other = compile_program("parentheses"), compile_program("parentheses", seed=1)
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
