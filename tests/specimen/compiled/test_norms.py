"""Norms: what they divide by is known; off, they give back what they read, and on, they act."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from microtome.specimen.compiled import Compiled, compile_program, sample_inputs
from microtome.specimen.compiled.norms import scale_at


def read_by_norms(compiled: Compiled) -> Iterator[tuple[int, str, nn.Module, Tensor]]:
    """Every norm of every block, by what reads behind it, and the stream that it reads."""
    inputs = sample_inputs(compiled.program, 100)
    inside = torch.arange(inputs.tokens.shape[1]) < torch.tensor(inputs.lengths)[:, None]
    model = compiled.language_model()
    for layer, block in enumerate(model.blocks):
        for kind, name, by in (("pre", "ln_1", "attention"), ("mid", "ln_2", "mlp")):
            site = f"blocks.{layer}.resid.{kind}"
            x = model.run(torch.tensor(inputs.tokens), [site])[site][inside]
            yield layer, by, block.get_submodule(name), x


@pytest.mark.parametrize("norms", [True, False])
@pytest.mark.parametrize("name", ["sort", "parentheses", "reverse"])
def test_what_a_norm_divides_by_is_known(name: str, norms: bool):
    compiled = compile_program(name, norms=norms)
    for layer, by, _, x in read_by_norms(compiled):
        assert float(x.mean(-1).abs().max()) < 1e-5
        scale = (x.square().mean(-1) + 1e-5).sqrt()
        known = scale_at(compiled.plan, compiled.d_model, layer, by)
        if by == "attention":
            torch.testing.assert_close(scale, torch.full_like(scale, known), rtol=1e-4, atol=0)
        else:
            assert float(scale.max()) <= known * (1 + 1e-4)


@torch.no_grad()
def test_off_they_give_back_what_they_read_even_where_it_is_changed():
    for name in ("sort", "carry"):
        compiled = compile_program(name, norms=False)
        constant = compiled.plan.constant() * compiled.plan.one**2 @ compiled.basis
        for _, _, norm, x in read_by_norms(compiled):
            held = x - constant.float()
            for stream in (x, x + held, x - held):
                relative = (norm(stream) - stream).norm(dim=-1) / stream.norm(dim=-1)
                assert float(relative.max()) < 0.01


@torch.no_grad()
def test_on_they_act_on_what_is_changed():
    compiled = compile_program("sort")
    constant = compiled.plan.constant() * compiled.plan.one**2 @ compiled.basis
    for layer, by, norm, x in read_by_norms(compiled):
        scale = scale_at(compiled.plan, compiled.d_model, layer, by)
        stream = x + (x - constant.float())
        relative = (norm(stream) * scale - stream).norm(dim=-1) / stream.norm(dim=-1)
        assert float(relative.min()) > 0.2


def test_between_heads_that_count_and_their_mlp_the_length_depends_on_the_token():
    compiled = compile_program("parentheses")
    between = next(x for layer, by, _, x in read_by_norms(compiled) if by == "mlp")
    lengths = between.norm(dim=-1)
    assert float(lengths.max() / lengths.min()) > 1.3
