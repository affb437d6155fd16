"""The pairs of a score sum to it, and each pair is what the model does with its two sources."""

import pytest
import torch

from microtome.circuit import LocalReplacement, build_replacement
from microtome.circuit.qk import QKAttribution, qk_attribution
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.model.queries_keys import freeze_queries_keys
from microtome.specimen import load_model
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, HEADS, LAYERS, tiny_model, tokens


def replaced(family: str, kind: str = "plt") -> tuple[LanguageModel, LocalReplacement]:
    model = tiny_model(family)
    return model, build_replacement(model, tiny_dictionary(model, kind), tokens())


@pytest.fixture(scope="module")
def why() -> QKAttribution:
    return qk_attribution(*replaced("qwen3"), layer=2, head=1, query=7, key=5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_pairs_sum_to_the_score(family: str, kind: str):
    model, replacement = replaced(family, kind)
    for layer in range(LAYERS):
        head = layer % HEADS
        why = qk_attribution(model, replacement, layer, head, -1, 6)
        assert why.residual <= 1e-9
        difference = qk_attribution(model, replacement, layer, head, -1, 6, against=7)
        assert difference.residual <= 1e-9
        other = qk_attribution(model, replacement, layer, head, -1, 7)
        assert difference.score == pytest.approx(why.score - other.score)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "qwen3", "gemma2", "gemma3", "olmo2"])
def test_a_pair_is_what_its_two_sources_put_into_query_and_key(family: str):
    """Tokens into layer 0, by the model's own modules: no sweep, no folding."""
    model, replacement = replaced(family)
    found = freeze_queries_keys(model, replacement.frozen, tokens(), 0)
    why = qk_attribution(model, replacement, 0, 3, 6, 4)
    at = why.sources.where("token")
    norm = replacement.frozen.layers[0].attn_norm
    embedded = norm.linear(replacement.frozen.tokens)
    attn = model.part(0, model.adapter.attn)
    assert attn is not None

    def part(side, head: int, reader, position: int) -> torch.Tensor:
        width = side.n_heads * model.d_head
        rows = embedded[position : position + 1] @ reader(attn, width).weight
        if side.norm is not None and len(side.norm.weight) == width:
            rows = rows * side.norm.weight
        rows = rows.view(1, side.n_heads, -1) * side.scale[position][:, None]
        if side.norm is not None and len(side.norm.weight) == model.d_head:
            rows = rows * side.norm.weight
        return side.rotate(rows, position)[0, head]

    query = part(found.queries, 3, model.adapter.queries, 6)
    key = part(found.keys, found.key_head(3), model.adapter.keys, 4)
    expected = query @ key * found.scaling * found.factor[3, 6, 4]
    assert float(why.pairs(at[6:7], at[4:5])) == pytest.approx(float(expected.detach()), rel=1e-9)


def test_marginals_kinds_and_top_are_those_of_all_pairs(
    why: QKAttribution, monkeypatch: pytest.MonkeyPatch
):
    everything = torch.arange(len(why.sources))
    pairs = why.pairs(everything, everything)
    assert torch.allclose(pairs.sum(1), why.by_query)
    assert torch.allclose(pairs.sum(0), why.by_key)
    assert sum(why.by_kind.values()) == pytest.approx(why.score)
    features, errors = why.sources.where("feature"), why.sources.where("error")
    of_kind = float(pairs[features][:, errors].sum())
    assert why.by_kind["feature", "error"] == pytest.approx(of_kind)
    monkeypatch.setattr("microtome.circuit.qk._BLOCK", 50)
    top = why.top(30)
    expected = pairs.abs().flatten().sort(descending=True).values[:30]
    assert [abs(pair.value) for pair in top] == pytest.approx(expected.tolist())
    for pair in top:
        assert pair.value == pytest.approx(float(pairs[pair.query, pair.key]))


def test_sources_behind_a_position_give_nothing(why: QKAttribution):
    behind = why.sources.position > why.key
    assert not why.key_parts[:, behind].any()
    assert why.query_parts[:, behind].any()
    above = why.sources.layer >= why.layer
    assert not why.query_parts[:, above].any()


def test_bad_pairs_are_refused():
    model, replacement = replaced("mistral")
    for wrong, said in (
        ((0, 0, 2, 3), "comes after"),
        ((0, 0, 8, 1), "sliding window"),
        ((0, 4, 2, 1), "has 4 heads"),
        ((3, 0, 2, 1), "has 3 layers"),
        ((0, 0, 9, 1), "not in a prompt"),
        ((0, 0, 2, 1, 1), "name two positions"),
    ):
        with pytest.raises(MicrotomeError, match=said):
            qk_attribution(model, replacement, *wrong)


def test_a_replacement_of_another_model_is_refused():
    model, other = tiny_model("llama"), load_model("specimen:adder")
    replacement = build_replacement(model, tiny_dictionary(model), tokens())
    with pytest.raises(MicrotomeError, match="not one of specimen:adder"):
        qk_attribution(other, replacement, layer=1, head=0, query=2, key=1)
