"""Compiled models compute what their programs promise, exactly."""

from dataclasses import replace

import pytest
import torch
from transformers import GPT2LMHeadModel

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import (
    PROGRAMS,
    Compiled,
    Map,
    compile_program,
    misread,
    run_program,
    sample_inputs,
    short_inputs,
    wrong_texts,
)
from microtome.specimen.compiled.exact import run_exact
from microtome.specimen.compiled.inputs import Inputs
from tests.specimen.compiled.conftest import compiled_once

OPTIONS = {
    "norms off": {"norms": False},
    "not rotated": {"rotate": False},
    "not compressed": {"compress": False},
    "plain": {"norms": False, "rotate": False, "compress": False},
    "another seed": {"seed": 3},
}
SMALL = ("parentheses", "induction")


def _cases() -> list:
    """Every program with one option, two small ones with all; and the others, which are slow."""
    return [
        pytest.param(
            name,
            options,
            marks=[] if options == "plain" or name in SMALL else pytest.mark.slow,
        )
        for name in PROGRAMS
        for options in OPTIONS
    ]


def first(inputs: Inputs, n: int) -> Inputs:
    return Inputs(inputs.tokens[:n], inputs.targets[:n])


def test_no_text_is_wrong(compiled: Compiled):
    inputs = first(short_inputs(compiled.program), 2500)
    assert len(inputs) > 250
    assert not wrong_texts(compiled, inputs).any()
    assert not wrong_texts(compiled, sample_inputs(compiled.program, 1000)).any()


def test_every_variable_is_read_from_the_stream(compiled: Compiled):
    wrong = misread(compiled, sample_inputs(compiled.program, 300, seed=2))
    assert wrong == dict.fromkeys(compiled.schedule.places, 0)


@pytest.mark.parametrize(("name", "options"), _cases())
def test_no_option_makes_a_text_wrong(name: str, options: str):
    compiled = compiled_once(name, **OPTIONS[options])
    inputs = sample_inputs(compiled.program, 200, seed=1)
    assert not wrong_texts(compiled, inputs).any()
    assert set(misread(compiled, inputs).values()) == {0}


def test_the_stream_is_the_exact_one_rotated(compiled: Compiled):
    inputs = sample_inputs(compiled.program, 20)
    tokens = torch.tensor(inputs.tokens)
    inside = torch.arange(tokens.shape[1]) < torch.tensor(inputs.lengths)[:, None]
    exact, logits = run_exact(compiled.weights, tokens)
    run = compiled.language_model().run(tokens, list(exact))
    for site, columns in exact.items():
        difference = run[site].double() - columns @ compiled.basis
        assert float(difference[inside].abs().max()) < 1e-3, site
    assert float((run.logits - logits)[inside].abs().max()) < 1e-2


def test_every_variable_has_its_code_in_the_exact_stream(compiled: Compiled):
    inputs = sample_inputs(compiled.program, 50)
    values = run_program(compiled.program, inputs.tokens)
    inside = torch.arange(inputs.tokens.shape[1]) < torch.tensor(inputs.lengths)[:, None]
    exact, _ = run_exact(compiled.weights, torch.tensor(inputs.tokens))
    for name, place in compiled.schedule.places.items():
        held = exact[place.site][..., compiled.space.slices[name]]
        code = compiled.space.codes[name][torch.tensor(values[name])]
        assert float((held - code)[inside].abs().max()) < 1e-9, name


def test_it_generates_its_answer(compiled: Compiled):
    model, inputs = compiled.language_model(), sample_inputs(compiled.program, 3, seed=4)
    for tokens, targets in zip(inputs.tokens, inputs.targets, strict=True):
        begin = int((targets >= 0).argmax()) + 1
        promised = targets[targets >= 0]
        if compiled.program.name == "parentheses":
            promised = promised[:1]  # a word for every prefix, not a text
        answer = model.generate(torch.tensor(tokens[None, :begin]), max_new_tokens=len(promised))
        assert answer[0, begin:].tolist()[: len(promised)] == promised.tolist()


def test_it_is_an_unmodified_gpt2(compiled: Compiled):
    assert type(compiled.hf) is GPT2LMHeadModel
    assert compiled.hf.dtype == torch.float32
    assert compiled.hf.config.layer_norm_epsilon == 1e-5


def test_the_seed_turns_the_directions_and_nothing_else():
    one, two, again = (compile_program("parentheses", seed=seed) for seed in (0, 1, 0))
    a, b, c = (x.directions("token") for x in (one, two, again))
    assert torch.equal(a, c)
    assert torch.equal(one.hf.lm_head.weight, again.hf.lm_head.weight)
    assert float((a * b).sum(-1).abs().max()) < 0.9
    torch.testing.assert_close(a @ a.T, b @ b.T)


def test_not_rotated_is_nearly_along_the_axes():
    largest = compile_program("sort", rotate=False, compress=False).basis.abs().max(1).values
    assert float(largest.min()) > 0.95
    assert float(compile_program("sort", compress=False).basis.abs().max()) < 0.7


def test_a_wider_model_may_be_asked_for():
    assert compile_program("sort", d_model=48).hf.config.n_embd == 48


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"program": "revers"}, "unknown program 'revers'; did you mean 'reverse'"),
        ({"program": "sort", "d_model": 20}, "a d_model of 20: the .* margin of .*, needed"),
        ({"program": "sort", "d_model": 0}, "cannot be compressed to a d_model of 0"),
        ({"program": "sort", "d_model": 50}, "cannot be shared by the 3 heads of 'sort'; take 51"),
    ],
)
def test_what_cannot_be_compiled(arguments: dict, message: str):
    with pytest.raises(MicrotomeError, match=message):
        compile_program(**arguments)


def test_a_map_must_give_one_of_its_values():
    wrong = Map("next", ("token",), ("a", "b"), lambda token: "c")
    program = replace(PROGRAMS["reverse"], steps=(wrong,))
    with pytest.raises(MicrotomeError, match="'next' of token=<s> is 'c', which is none of"):
        compile_program(program)


def test_the_output_must_be_tokens():
    named = Map("next", ("token",), ("one",), lambda token: "one")
    program = replace(PROGRAMS["reverse"], steps=(named,))
    with pytest.raises(MicrotomeError, match="the output 'next' can be 'one', which is no token"):
        compile_program(program)
