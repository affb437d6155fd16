"""Harvesting: every token that counts once, whatever is left out and wherever it is read."""

import pytest
import torch

from microtome.data import (
    ActivationSource,
    TokenPolicy,
    harvest_all,
    stream_activations,
    token_blocks,
)
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.model.families import tiny_model

SITES = ["blocks.0.mlp.in", "blocks.2.mlp.out", "blocks.1.attn.head.out"]
BLOCKS = [torch.randint(3, 40, (7, 5)), torch.randint(3, 40, (4, 9))]


def _model(seed: int = 0) -> LanguageModel:
    return tiny_model("llama", torch.float32, seed)


def test_each_token_once_without_the_first_position():
    model, policy = _model(), TokenPolicy(skip_first=True, skip_special=False)
    seen: list[int] = []
    found = harvest_all(model, BLOCKS, SITES[:2], policy, tokens_at_once=12, progress=seen.append)
    read, written = (found[site] for site in SITES[:2])
    assert read.shape == written.shape == (7 * 4 + 4 * 8, model.d_model)
    assert seen[-1] == len(read)
    expected = model.run(BLOCKS[1], SITES)["blocks.2.mlp.out"][:, 1:].flatten(0, 1)
    assert torch.allclose(written[28:], expected, atol=1e-6)
    whole = harvest_all(model, BLOCKS, SITES[:1], TokenPolicy(False, False))[SITES[0]]
    assert len(whole) == 7 * 5 + 4 * 9
    few = harvest_all(model, BLOCKS, SITES[:1], policy, max_tokens=10)[SITES[0]]
    assert torch.allclose(few, read[:10], atol=1e-6)


@pytest.mark.parametrize("skip_first", [True, False])
@pytest.mark.parametrize("skip_special", [True, False])
@pytest.mark.parametrize("special_inside", [True, False])
def test_rows_are_those_of_a_run_under_every_policy(
    skip_first: bool, skip_special: bool, special_inside: bool
):
    model = _model()
    model.tokenizer = build_tokenizer()
    block = BLOCKS[0].clone()
    if special_inside:
        block[2, 3] = 2
    policy = TokenPolicy(skip_first, skip_special)
    (rows,) = stream_activations(model, [block], SITES, policy)
    run, mask = model.run(block, SITES), policy.counts(model, block)
    assert len(rows) == int(mask.sum())
    for site in SITES:
        assert torch.equal(rows.activations[site], run[site].flatten(2)[mask])
    assert torch.equal(rows.tokens, block[mask])
    assert torch.equal(rows.documents, torch.arange(7)[:, None].expand(7, 5)[mask])
    assert torch.equal(rows.positions, torch.arange(5).expand(7, 5)[mask])


def test_the_default_policy_leaves_out_special_tokens():
    model = _model()
    model.tokenizer = build_tokenizer()
    blocks = list(token_blocks(model, ["1 + 2 =", "3 4"], 4, pack=True))
    (rows,) = stream_activations(model, blocks, SITES)
    assert not torch.isin(rows.tokens, torch.tensor([0, 1, 2])).any()
    assert (rows.positions > 0).all()


def test_two_models_read_the_same_tokens():
    model, other = _model(), _model(seed=1)
    sites = [SITES[0], f"other:{SITES[0]}"]
    found = harvest_all(model, BLOCKS, sites, other=other)
    assert list(found) == sites
    for name, owner in zip(sites, (model, other), strict=True):
        alone = harvest_all(owner, BLOCKS, SITES[:1])[SITES[0]]
        assert torch.equal(found[name], alone)
    assert not torch.equal(found[sites[0]], found[sites[1]])
    with pytest.raises(MicrotomeError, match="none is given as other"):
        stream_activations(model, BLOCKS, sites)
    model.tokenizer, other.tokenizer = build_tokenizer(), build_tokenizer()
    other.tokenizer.add_tokens(["more"])
    with pytest.raises(MicrotomeError, match="different tokenizers"):
        stream_activations(model, BLOCKS, sites, other=other)


def test_dtype_and_token_limit():
    (rows, *_) = stream_activations(_model(), BLOCKS, SITES, dtype=torch.bfloat16)
    assert {x.dtype for x in rows.activations.values()} == {torch.bfloat16}
    found = harvest_all(_model(), BLOCKS, SITES, max_tokens=30)
    assert {len(x) for x in found.values()} == {30}


def test_a_source_starts_behind_parts_without_running_the_model(monkeypatch: pytest.MonkeyPatch):
    model = _model()
    source = ActivationSource(model, lambda: BLOCKS, SITES, tokens_at_once=12)
    whole = list(source())
    passes = 0
    capture = LanguageModel.capture

    def counted(*args):
        nonlocal passes
        passes += 1
        return capture(*args)

    monkeypatch.setattr(LanguageModel, "capture", counted)
    rest = list(source(3))
    assert passes == len(rest) == len(whole) - 3
    for a, b in zip(rest, whole[3:], strict=True):
        assert torch.equal(a.activations[SITES[0]], b.activations[SITES[0]])
        assert torch.equal(a.documents, b.documents)


def test_ranks_share_the_corpus():
    model = _model()
    whole = list(ActivationSource(model, lambda: BLOCKS, SITES, tokens_at_once=12)())
    for rank in range(3):
        source = ActivationSource(
            model, lambda: BLOCKS, SITES, tokens_at_once=12, rank=rank, world=3
        )
        share = [rows.tokens.tolist() for rows in source()]
        assert share == [rows.tokens.tolist() for rows in whole[rank::3]]


@pytest.mark.parametrize(
    ("sites", "message"),
    [
        ([], "at least one site"),
        (["blocks.0.attn.pattern"], "no vector per token"),
        (["blocks.7.mlp.in"], "3 layers"),
        (["nonsense"], "unknown site"),
    ],
)
def test_sites_are_checked_before_the_corpus_is_read(sites: list[str], message: str):
    with pytest.raises(MicrotomeError, match=message):
        stream_activations(_model(), BLOCKS, sites)


def test_a_corpus_without_a_token_that_counts_is_refused():
    with pytest.raises(MicrotomeError, match="no token that counts"):
        harvest_all(_model(), [BLOCKS[0][:, :1]], SITES)
