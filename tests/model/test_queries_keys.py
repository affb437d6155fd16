"""Queries and keys are affine in the stream, and their scores are what the softmax saw."""

import pytest
import torch
from torch import nn

from microtome.errors import MicrotomeError
from microtome.model.frozen import FrozenModel, freeze, sites_to_freeze
from microtome.model.language_model import LanguageModel
from microtome.model.queries_keys import QueriesKeys, freeze_queries_keys
from tests.model.families import FAMILIES, LAYERS, tiny_model, tokens


def frozen_of(model: LanguageModel) -> FrozenModel:
    return freeze(model, model.run(tokens(), sites_to_freeze(model)))


def layers_of(family: str) -> list[QueriesKeys]:
    model = tiny_model(family)
    frozen = frozen_of(model)
    return [freeze_queries_keys(model, frozen, tokens(), layer) for layer in range(LAYERS)]


def seen_by_softmax(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The masked scores of every layer, taken from the model's own call of softmax."""
    seen = []
    softmax = nn.functional.softmax

    def spy(scores: torch.Tensor, *args, **kwargs) -> torch.Tensor:
        seen.append(scores[0])
        return softmax(scores, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(nn.functional, "softmax", spy)
        model.run(tokens(), [f"blocks.{i}.attn.pattern" for i in range(LAYERS)])
    return seen


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_what_the_softmax_saw(family: str, monkeypatch: pytest.MonkeyPatch):
    model = tiny_model(family)
    seen = seen_by_softmax(model, monkeypatch)
    assert len(seen) == LAYERS
    for found, scores in zip(layers_of(family), seen, strict=True):
        at = found.visible.expand_as(scores)
        assert (scores[~at] < -1e4).all()
        assert torch.allclose(found.scores[at], scores[at], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_queries_and_keys_are_affine_in_the_stream(family: str):
    """The gradient of every component is that of the real modules with norms held."""
    model = tiny_model(family)
    frozen = frozen_of(model)
    found = freeze_queries_keys(model, frozen, tokens(), 1)
    step = torch.randn(model.d_model, dtype=torch.float64)
    norm = frozen.layers[1].attn_norm
    for side in (found.queries, found.keys):
        moved = (norm.fold_output(step) * norm.scale[4]) @ side.weight
        moved = moved.view(side.n_heads, -1)
        if side.norm is not None:
            weight = (
                side.norm.weight.expand(side.n_heads, -1)
                if len(side.norm.weight) == moved.shape[1]
                else side.norm.weight.view_as(moved)
            )
            moved = moved * weight * side.scale[4][:, None]
        expected = side.rotate(moved[None], 4)[0]
        for head in range(side.n_heads):
            assert torch.allclose(side.vectors(head, 4) @ step, expected[head], atol=1e-12)


def test_a_wrong_row_is_refused():
    model = tiny_model("qwen3")
    frozen = frozen_of(model)
    model.adapter = tiny_model("llama").adapter
    with pytest.raises(MicrotomeError, match="adapter row does not describe"):
        freeze_queries_keys(model, frozen, tokens(), 1)


@pytest.mark.parametrize(
    ("family", "pair", "said"),
    [
        ("llama", (0, 2, 3), "comes after"),
        ("mistral", (0, 8, 1), "sliding window"),
        ("gemma2", (0, 8, 1), "sliding window"),
        ("llama", (9, 2, 1), "has 4 heads"),
        ("llama", (0, 2, 40), "not in a prompt of 9"),
    ],
)
def test_pairs_without_a_score_are_refused(family: str, pair: tuple[int, int, int], said: str):
    with pytest.raises(MicrotomeError, match=said):
        layers_of(family)[0].check(*pair)
