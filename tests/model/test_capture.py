"""A capture runs the model as far as the last site that is asked for, and no further."""

from typing import Any

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from tests.model.families import FAMILIES, LAYERS, tiny_model, tokens


def _sites(model: LanguageModel) -> list[Site]:
    kinds = ["resid.pre", "attn.head.out", "attn.out", "mlp.normalized", "mlp.in", "mlp.out"]
    kinds += ["resid.post"] if model.parallel else ["resid.mid", "resid.post"]
    return [Site("embed"), *(Site(k, i) for i in range(LAYERS) for k in kinds), Site("final")]


@pytest.mark.parametrize("family", FAMILIES)
def test_captured_activations_are_bit_identical_to_those_of_a_run(family: str):
    model = tiny_model(family, torch.float32)
    sites = _sites(model)
    run = model.run(tokens(), sites)
    for chosen in (sites, *([site] for site in sites), [Site("attn.pattern", 1)]):
        expected = run if chosen[0].kind != "attn.pattern" else model.run(tokens(), chosen)
        captured = model.capture(tokens(), chosen)
        assert set(captured) == set(chosen)
        for site, x in captured.items():
            assert torch.equal(x, expected[site]), site


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("last", ["embed", "resid.pre", "attn.pattern", "mlp.out", "resid.post"])
def test_nothing_runs_after_the_last_site(family: str, last: str):
    model = tiny_model(family, torch.float32)
    ran: list[str] = []
    watched: dict[str, Any] = {f"block {i}": block for i, block in enumerate(model.blocks)}
    watched |= {"final norm": model.final_norm, "unembed": model.hf.get_output_embeddings()}
    handles = [
        module.register_forward_pre_hook(lambda *_, name=name: ran.append(name))
        for name, module in watched.items()
    ]
    site = Site("embed") if last == "embed" else Site(last, 1)
    model.capture(tokens(), ["embed", str(site)])
    assert ran == (["block 0"] if last == "embed" else ["block 0", "block 1"])
    ran.clear()
    model.capture(tokens(), ["final"])
    assert ran == ["block 0", "block 1", "block 2", "final norm"]
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stopped_pass_leaves_no_trace(family: str):
    model = tiny_model(family, torch.float32)
    plain = model.run(tokens()).logits
    before = model.hf.config._attn_implementation
    model.capture(tokens(), ["blocks.1.mlp.in", "blocks.0.attn.pattern", "blocks.1.mlp.in"])
    assert model.hf.config._attn_implementation == before
    for module in model.hf.modules():
        assert not module._forward_pre_hooks
    assert not any(module._forward_hooks for module in model.blocks)
    assert torch.equal(model.run(tokens()).logits, plain)
    with torch.no_grad():
        hidden = model.hf(tokens(), output_hidden_states=True, use_cache=False).hidden_states
    assert len(hidden) == LAYERS + 1


def test_what_cannot_be_captured_is_named_before_the_model_runs():
    model = tiny_model("llama")
    assert model.capture(tokens(), []) == {}
    with pytest.raises(MicrotomeError, match="3 layers"):
        model.capture(tokens(), ["blocks.0.mlp.in", "blocks.3.mlp.in"])
    for site in ("blocks.3.attn.pattern", "blocks.-1.mlp.in", "blocks.3.mlp.normalized"):
        with pytest.raises(MicrotomeError, match=r"3 layers|unknown site"):
            model.capture(tokens(), [site])
    with pytest.raises(MicrotomeError, match="outside the vocabulary"):
        model.capture(torch.tensor([[48]]), ["embed"])
