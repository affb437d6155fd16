"""Global weights: exact against edges, the same from both ends, bounded, and true of use."""

from dataclasses import replace

import pytest
import torch

from microtome.circuit.ov import direct_parts
from microtome.circuit.push import Injection, pull_straight
from microtome.circuit.replacement import ActiveFeatures, LocalReplacement, build_replacement
from microtome.circuit.targets import feature_rows
from microtome.circuit.weights import (
    corrected_weights,
    global_weights,
    input_weights,
    output_weights,
    ranked,
)
from microtome.circuit.weights_paths import (
    AveragePaths,
    average_paths,
    by_head,
    pull_feature,
    push_feature,
)
from microtome.circuit.weights_use import corpus_coactivation
from microtome.dictionary import Decoder, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, tiny_model, tokens

PROMPTS = [tokens(9, seed) for seed in range(4)]
SOURCE, TARGET = (0, 5), (2, 7)


def direct_edges(replacement: LocalReplacement) -> torch.Tensor:
    """What the source, active with 1 at every position, gives to the target at the same one."""
    n, d = replacement.frozen.tokens.shape
    positions = torch.arange(n)
    full = torch.full_like(positions, TARGET[0])
    features = ActiveFeatures(
        full, positions, torch.full_like(positions, TARGET[1]), torch.ones(n, dtype=torch.float64)
    )
    targets = feature_rows(replacement, features)
    decoder = replacement.dictionary.decoders[SOURCE[0]]
    written: list[torch.Tensor | None] = [None] * replacement.n_layers
    for layer in decoder.targets:
        row = decoder.weight[SOURCE[1], decoder.targets.index(layer)]
        written[layer] = torch.eye(n, dtype=torch.float64)[:, :, None] * row
    injection = Injection(
        torch.zeros(n, n, d, dtype=torch.float64),
        tuple(written),
        torch.zeros(n, dtype=torch.float64),
    )
    straight = pull_straight(replacement, targets)
    return direct_parts(replacement, targets, straight, injection).diagonal()


def at_average(replacement: LocalReplacement, paths: AveragePaths) -> LocalReplacement:
    """The same with the norms that features read at their average."""
    n = replacement.n_positions
    reads = tuple(
        replace(norm, scale=mean.scale.expand(n, 1))
        for norm, mean in zip(replacement.reads, paths.reads, strict=True)
    )
    return replace(replacement, reads=reads)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_virtual_weights_are_edges_over_activations_at_average_norms(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    paths = average_paths(model, dictionary, PROMPTS)
    virtual = float(input_weights(paths, *TARGET)[SOURCE[0]].direct[SOURCE[1]])
    assert virtual != 0
    edges = []
    for prompt in PROMPTS:
        replacement = build_replacement(model, dictionary, prompt)
        frozen = direct_edges(at_average(replacement, paths))
        assert torch.allclose(frozen, torch.full_like(frozen, virtual), rtol=1e-9, atol=0)
        edges.append(direct_edges(replacement)[1:])
    if kind != "skip":  # edges are linear in the one norm on the way: their mean is exact too
        assert float(torch.cat(edges).mean()) == pytest.approx(virtual, rel=1e-9)
        # Olmo 2 has no norm there, and every edge is the same
        assert (float(torch.cat(edges).std()) > 0) == (family != "olmo2")


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "qwen3"])
def test_heads_carry_what_the_frozen_model_carries_with_even_attention(family: str):
    """From layer 0 to the next layer's MLP there is one attention on the way, written out here."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model)
    paths = average_paths(model, dictionary, PROMPTS)
    found = input_weights(paths, 1, 7)[0]
    parts, norm = paths.average.frozen.layers[1], paths.reads[1]
    row = dictionary.decoders[0].weight[5, 0]
    gradient = norm.fold_input(dictionary.encoders[1].weight[7]) * norm.scale[0]
    carried = torch.zeros(model.n_heads, dtype=torch.float64)
    for head in range(model.n_heads):
        value = row @ parts.attention.values[:, head // parts.attention.group]
        moved = value @ parts.attention.output[head]
        scale = parts.attn_norm.scale[0] * parts.attn_post_norm.scale[0]
        carried[head] = (moved * scale * paths.attention[1, head]) @ gradient
    assert float(found.heads[5]) == pytest.approx(float(carried.sum()), rel=1e-9)
    split = by_head(paths, push_feature(paths, 0, 5), pull_feature(paths, 1, 7))
    assert torch.allclose(split[1], carried, rtol=1e-9)
    assert not split[[0, 2]].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_are_the_same_from_both_ends(family: str, kind: str):
    model = tiny_model(family)
    paths = average_paths(model, tiny_dictionary(model, kind), PROMPTS)
    outputs, inputs = output_weights(paths, *SOURCE), input_weights(paths, *TARGET)
    for a, b in (
        (outputs[TARGET[0]].direct[TARGET[1]], inputs[SOURCE[0]].direct[SOURCE[1]]),
        (outputs[TARGET[0]].heads[TARGET[1]], inputs[SOURCE[0]].heads[SOURCE[1]]),
    ):
        assert float(a) == pytest.approx(float(b), rel=1e-9)
    split = by_head(paths, push_feature(paths, *SOURCE), pull_feature(paths, *TARGET))
    heads = inputs[SOURCE[0]].heads[SOURCE[1]]
    assert float(split.sum()) == pytest.approx(float(heads), rel=1e-9)
    assert not outputs[0].total.any()  # features feed later layers only
    assert not inputs[2].total.any()


def test_decoders_are_read_in_chunks(monkeypatch: pytest.MonkeyPatch):
    model = tiny_model("llama")
    paths = average_paths(model, tiny_dictionary(model, "clt"), PROMPTS)
    whole = input_weights(paths, *TARGET)
    asked: list[int] = []
    rows = Decoder.rows

    def counted(self: Decoder, features: torch.Tensor, target: int, like: torch.Tensor):
        asked.append(len(features))
        return rows(self, features, target, like)

    monkeypatch.setattr(Decoder, "rows", counted)
    chunked = input_weights(paths, *TARGET, chunk_bytes=5 * model.d_model * 8)
    assert max(asked) == 5
    for a, b in zip(whole, chunked, strict=True):
        assert torch.allclose(a.total, b.total, atol=1e-12)


def dense_sums(model: LanguageModel, dictionary: Dictionary, feature: tuple[int, int]):
    """E[a_i a_t] / E[a_t] at one position and with means up to it, from dense codes."""
    same = earlier = later = mine = every = 0.0
    for prompt in PROMPTS:
        run = model.capture(prompt, dictionary.reads)
        inputs = [activation[0, 1:] for activation in run.values()]
        codes = [code.dense() for code in dictionary.encode(inputs)]
        own, others = codes[feature[0]][:, feature[1]], codes[0]
        means = others.cumsum(0) / torch.arange(1, len(own) + 1)[:, None]
        own_mean = own.cumsum(0) / torch.arange(1, len(own) + 1)
        same = same + own @ others
        earlier = earlier + own @ means
        later = later + own_mean @ others
        mine, every = mine + own.sum(), every + others.sum(0)
    return same / mine, earlier / mine, torch.where(every > 0, later / every, 0.0)


def active_target(model: LanguageModel, dictionary: Dictionary, layer: int) -> int:
    """A feature that is active on about half of the tokens."""
    total = torch.zeros(dictionary.n_features[layer], dtype=torch.float64)
    for prompt in PROMPTS:
        run = model.capture(prompt, dictionary.reads)
        codes = dictionary.encode([x[0, 1:] for x in run.values()])[layer]
        total += (codes.dense() > 0).double().sum(0)
    return int((total - 10).abs().argmin())


def test_coactivation_is_what_dense_codes_give():
    model = tiny_model("llama", torch.float32)
    dictionary = tiny_dictionary(model).to("cpu", torch.float32)
    dictionary = replace(dictionary, decoders=tiny_dictionary(model).decoders)
    target = 1, active_target(model, dictionary, 1)
    use = corpus_coactivation(model, dictionary, PROMPTS, *target)
    same, earlier, later = dense_sums(model, dictionary, target)
    assert use.tokens == sum(prompt.shape[1] - 1 for prompt in PROMPTS)
    assert torch.allclose(use.as_target.direct[0], same.double(), atol=1e-5)
    assert torch.allclose(use.as_target.heads[0], earlier.double(), atol=1e-5)
    assert torch.allclose(use.as_source.heads[0], later.double(), atol=1e-5)


def test_planted_interference_is_demoted():
    """A huge weight from a feature that is never active with the target is ranked first by
    weights alone, and not at all by what is used."""
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    target = 1, active_target(model, dictionary, 1)
    use = corpus_coactivation(model, dictionary, PROMPTS, *target)
    together = use.as_target.together[0]
    everywhere = corpus_coactivation(model, dictionary, PROMPTS, 0, int(together.argmax()))
    apart = [i for i in range(len(together)) if together[i] == 0]
    used, planted = int(together.argmax()), apart[0]
    assert everywhere.mean > 0
    gradient = pull_feature(average_paths(model, dictionary, PROMPTS), *target).direct[0]
    weight = dictionary.decoders[0].weight.clone()
    weight[planted, 0], weight[used, 0] = 100 * gradient, 10 * gradient
    decoders = (Decoder(weight, (0,)), *dictionary.decoders[1:])
    paths = average_paths(model, replace(dictionary, decoders=decoders), PROMPTS)
    virtual = input_weights(paths, *target)
    assert ranked(virtual, None, 1) == [(0, planted)]
    assert ranked(virtual, use.as_target, 1) == [(0, used)]
    assert corrected_weights(virtual[0], use.as_target, 0)[planted] == pytest.approx(
        float(virtual[0].heads[planted] * use.as_target.heads[0][planted])
    )
    found = global_weights(paths, *target, use)
    assert found.inputs[0].name == f"L0/{used}"
    assert found.interference[0] is not None
    assert found.interference[0] > 0


def test_logits_are_what_the_feature_writes_to_them():
    model = tiny_model("gpt2")
    dictionary = tiny_dictionary(model)
    paths = average_paths(model, dictionary, PROMPTS)
    found = global_weights(paths, 2, 3, listed=4)
    norm = paths.average.frozen.final_norm
    vector = norm.fold_output(dictionary.decoders[2].weight[3, 0]) * norm.scale[0]
    logits = vector @ paths.average.frozen.unembed
    logits = logits - logits.mean()
    assert [token for token, _ in found.promoted] == logits.argsort(descending=True)[:4].tolist()
    assert found.suppressed[0][1] == pytest.approx(float(logits.min()), rel=1e-9)
    assert not found.outputs


def test_bad_input_is_named():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    paths = average_paths(model, dictionary, PROMPTS)
    with pytest.raises(MicrotomeError, match="32 features"):
        input_weights(paths, 1, 32)
    with pytest.raises(MicrotomeError, match="encoder"):
        output_weights(paths, 3, 0)
    dead = replace(dictionary.encoders[1], bias=dictionary.encoders[1].bias - 1e6)
    silent = replace(dictionary, encoders=(dictionary.encoders[0], dead, dictionary.encoders[2]))
    with pytest.raises(MicrotomeError, match="never active"):
        corpus_coactivation(model, silent, PROMPTS, 1, 0)
