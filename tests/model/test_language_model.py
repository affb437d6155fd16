"""The model is the model: nothing changes unless asked, and sites hold what they say."""

import pytest
import torch
from transformers import LlamaConfig

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.model.adapter import adapter_for
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.model.families import FAMILIES, LAYERS, POSITIONS, tiny_model, tokens


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_are_bit_identical_when_nothing_is_captured(family: str, dtype: torch.dtype):
    model = tiny_model(family, dtype)
    with torch.no_grad():
        plain = model.hf(tokens(), use_cache=False).logits
    assert torch.equal(model.run(tokens()).logits, plain)


@pytest.mark.parametrize("family", FAMILIES)
def test_capturing_activations_leaves_logits_bit_identical(family: str):
    model = tiny_model(family, torch.float32)
    plain = model.run(tokens()).logits
    sites = [str(s) for s in _stream_sites(model)]
    assert torch.equal(model.run(tokens(), sites).logits, plain)


@pytest.mark.parametrize("family", FAMILIES)
def test_capturing_patterns_is_bit_identical_to_plain_eager_attention(family: str):
    model = tiny_model(family, torch.float32)
    patterns = [Site("attn.pattern", layer) for layer in range(LAYERS)]
    run = model.run(tokens(), patterns)
    before = model.hf.config._attn_implementation
    model.hf.set_attn_implementation("eager")
    with torch.no_grad():
        plain = model.hf(tokens(), use_cache=False, output_attentions=True)
    model.hf.set_attn_implementation(before)
    assert torch.equal(run.logits, plain.logits)
    for layer, pattern in enumerate(patterns):
        assert torch.equal(run[pattern], plain.attentions[layer])


def test_the_attention_implementation_is_put_back():
    model = tiny_model("llama")
    before = model.hf.config._attn_implementation
    model.run(tokens(), ["blocks.0.attn.hook_pattern"])
    assert model.hf.config._attn_implementation == before
    with pytest.raises(ZeroDivisionError):
        model.run(tokens(), edit={Site("attn.pattern", 0): lambda x: x / (1 // 0)})
    assert model.hf.config._attn_implementation == before


def _stream_sites(model: LanguageModel) -> list[Site]:
    kinds = ["resid.pre", "resid.post", "attn.head.out", "attn.out", "mlp.in", "mlp.out"]
    if not model.parallel:
        kinds.append("resid.mid")
    return [Site("embed"), *(Site(k, i) for i in range(LAYERS) for k in kinds), Site("final")]


@pytest.mark.parametrize("family", FAMILIES)
def test_sites_hold_what_they_say(family: str):
    """Against transformers' own hidden states, and the sums that define the stream."""
    model = tiny_model(family)
    run = model.run(tokens(), _stream_sites(model))
    with torch.no_grad():
        hidden = model.hf(tokens(), output_hidden_states=True, use_cache=False).hidden_states
    assert torch.equal(run["embed"], hidden[0])
    assert torch.equal(run["final"], hidden[-1])
    for layer in range(LAYERS):
        block = f"blocks.{layer}"
        pre, post = run[f"{block}.resid.pre"], run[f"{block}.resid.post"]
        assert torch.equal(pre, hidden[layer])
        attn, mlp = run[f"{block}.attn.out"], run[f"{block}.mlp.out"]
        assert torch.allclose(post, pre + attn + mlp, atol=1e-12)
        if not model.parallel:
            assert torch.allclose(run[f"{block}.resid.mid"], pre + attn, atol=1e-12)
        if layer:
            assert torch.equal(pre, run[f"blocks.{layer - 1}.resid.post"])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "olmo2", "gpt_neox"])
def test_mlp_output_follows_from_mlp_input(family: str):
    model = tiny_model(family)
    run = model.run(tokens(), ["blocks.1.mlp.in", "blocks.1.mlp.out", "blocks.1.mlp.normalized"])
    block = model.blocks[1]
    with torch.no_grad():
        out = block.mlp(run["blocks.1.mlp.in"])
        if model.adapter.mlp_post_norm:
            out = block.get_submodule(model.adapter.mlp_post_norm)(out)
    assert torch.allclose(out, run["blocks.1.mlp.out"], atol=1e-12)
    if model.adapter.mlp_norm:
        norm = block.get_submodule(model.adapter.mlp_norm)
        weight = norm.weight + 1 if model.adapter.unit_offset else norm.weight
        bias = getattr(norm, "bias", None)
        again = run["blocks.1.mlp.normalized"] * weight + (0 if bias is None else bias)
        assert torch.allclose(again, run["blocks.1.mlp.in"], atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_cached_generation_equals_uncached(family: str):
    model = tiny_model(family)
    cached = model.generate(tokens(5), max_new_tokens=12)
    assert torch.equal(cached, model.generate(tokens(5), max_new_tokens=12, use_cache=False))
    sampled = model.generate(tokens(5), max_new_tokens=12, temperature=1.0, seed=4)
    again = model.generate(tokens(5), max_new_tokens=12, temperature=1.0, seed=4, use_cache=False)
    assert torch.equal(sampled, again)
    assert sampled.shape[1] > 5


def test_an_edit_reaches_the_logits_and_only_while_it_is_asked_for():
    model = tiny_model("llama")
    plain = model.run(tokens()).logits
    site = Site("mlp.out", 1)
    edited = model.run(tokens(), [site], {site: lambda x: x * 0})
    assert not torch.equal(edited.logits, plain)
    assert not edited[site].any()
    assert torch.equal(model.run(tokens()).logits, plain)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (Site("resid.mid", 0), "edit blocks.0.attn.out"),
        (Site("mlp.normalized", 0), "edit blocks.0.mlp.in"),
    ],
)
def test_sites_beside_the_stream_are_not_editable(site: Site, message: str):
    with pytest.raises(MicrotomeError, match=message):
        tiny_model("llama").run(tokens(), edit={site: lambda x: x})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blocks.9.mlp.in", "3 layers"),
        ("blocks.0.nonsense", "unknown site"),
        ("nonsense", "unknown site"),
    ],
)
def test_sites_that_do_not_exist_are_named(name: str, message: str):
    with pytest.raises(MicrotomeError, match=message):
        tiny_model("llama").run(tokens(), [name])


def test_a_parallel_block_has_no_stream_between():
    with pytest.raises(MicrotomeError, match=r"resid\.pre"):
        tiny_model("gpt_neox").run(tokens(), ["blocks.0.resid.mid"])


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("blocks.2.hook_resid_post", "blocks.2.resid.post"),
        ("blocks.2.ln2.hook_normalized", "blocks.2.mlp.normalized"),
        ("blocks.2.mlp.hook_in", "blocks.2.mlp.in"),
        ("blocks.2.hook_mlp_out", "blocks.2.mlp.out"),
        ("blocks.2.attn.hook_z", "blocks.2.attn.head.out"),
    ],
)
def test_transformer_lens_names_are_aliases(alias: str, name: str):
    assert str(Site.parse(alias)) == name
    assert Site.parse(name) == Site.parse(alias)


def test_an_unknown_family_names_the_nearest_row():
    with pytest.raises(MicrotomeError, match=r"nearest row is 'olmo2'.*families\.py"):
        adapter_for("olmo3")


def test_prompts_that_do_not_fit_are_refused():
    model = tiny_model("llama")
    with pytest.raises(MicrotomeError, match="41 tokens"):
        model.run(torch.full((1, 41), 3))
    with pytest.raises(MicrotomeError, match="outside the vocabulary"):
        model.run(torch.tensor([[3, 48]]))
    with pytest.raises(MicrotomeError, match="outside the vocabulary"):
        model.run(torch.tensor([[-1, 4]]))
    with pytest.raises(MicrotomeError, match="empty"):
        model.run(torch.zeros(1, 0, dtype=torch.long))
    with pytest.raises(MicrotomeError, match="no tokenizer"):
        model.tokenize("hello")
    model.tokenizer = build_tokenizer()
    with pytest.raises(MicrotomeError, match="not UTF-8"):
        model.tokenize("3 + \udcff")


def test_heads_have_their_own_axis():
    model = tiny_model("qwen3")
    out = model.run(tokens(), ["blocks.0.attn.head.out"])["blocks.0.attn.head.out"]
    assert out.shape == (1, 9, model.n_heads, model.d_head)


def test_fingerprints_tell_models_apart():
    assert tiny_model("llama").fingerprint == tiny_model("llama").fingerprint
    assert tiny_model("llama").fingerprint != tiny_model("llama", seed=1).fingerprint
    assert LlamaConfig().model_type == "llama"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"max_new_tokens": 0}, "0 new tokens"),
        ({"max_new_tokens": -3}, "-3 new tokens"),
        ({"temperature": -1.0}, "temperature -1"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"temperature": float("inf")}, "temperature inf"),
        ({"temperature": 1e-38}, "temperature 1e-38 .* take 0"),
        ({"seed": 2**64}, "too large"),
    ],
)
def test_generation_that_cannot_be_is_refused(how: dict, says: str):
    with pytest.raises(MicrotomeError, match=says):
        tiny_model("llama", torch.float32).generate(tokens(5), **how)


def test_nothing_follows_a_prompt_that_fills_the_context():
    model = tiny_model("llama")
    assert model.generate(tokens(POSITIONS - 1), 5).shape[1] == POSITIONS
    with pytest.raises(MicrotomeError, match="fills the context"):
        model.generate(tokens(POSITIONS), 5)
