"""The same programs as Llama models."""

import pytest
import torch
from transformers import LlamaForCausalLM

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import (
    PROGRAMS,
    compare_swaps,
    compile_program,
    misread,
    sample_inputs,
    wrong_texts,
)
from microtome.specimen.compiled.llama import counted_positions
from tests.specimen.compiled.conftest import compiled_once


@pytest.mark.parametrize("norms", [True, False])
@pytest.mark.parametrize(
    "name", ["parentheses", "induction", pytest.param("sort", marks=pytest.mark.slow)]
)
def test_llama_is_exact_too(name: str, norms: bool):
    compiled = compiled_once(name, norms=norms, family="llama")
    assert type(compiled.hf) is LlamaForCausalLM
    inputs = sample_inputs(compiled.program, 300)
    assert not wrong_texts(compiled, inputs).any()
    assert set(misread(compiled, inputs).values()) == {0}
    assert compare_swaps(compiled, sample_inputs(compiled.program, 3)).wrong == 0
    assert compiled.d_model < compiled.space.subspaces


def test_positions_are_counted_where_they_are_used():
    program = counted_positions(PROGRAMS["induction"])
    assert [step.name for step in program.steps] == ["index", "previous", "next"]
    assert program.steps[1].query == "index"
    assert "position" not in program.used
    assert counted_positions(PROGRAMS["parentheses"]) is PROGRAMS["parentheses"]


def test_scores_do_not_depend_on_how_far_apart_tokens_are():
    compiled = compiled_once("parentheses", norms=True, family="llama")
    model = compiled.language_model()
    tokens = model.tokenize("( ( ( ( ( ( ( ( ( (")
    pattern = model.run(tokens, ["blocks.0.attn.pattern"])["blocks.0.attn.pattern"][0, 0]
    torch.testing.assert_close(pattern[-1], torch.full((11,), 1 / 11), atol=1e-4, rtol=0)


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(MicrotomeError, match="unknown family 'lama'; did you mean 'llama'"):
        compile_program("sort", family="lama")
