"""Token blocks: every token once, no padding, and each knows its document."""

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from microtome.data import Block, token_blocks, tokenize_texts
from microtome.data.block import parts
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.model.families import POSITIONS, tiny_model

TEXTS = ["1 + 2 =", "3 + 4 =", "5", "7 8 9 10 11 12 13", "", "1 2"]


def _model(tokenizer: PreTrainedTokenizerFast | None = None) -> LanguageModel:
    model = tiny_model("llama", torch.float32)
    model.tokenizer = tokenizer or build_tokenizer()
    return model


def _without_bos() -> PreTrainedTokenizerFast:
    tokenizer = build_tokenizer()
    tokenizer.backend_tokenizer.post_processor = None  # pyright: ignore[reportAttributeAccessIssue]
    return tokenizer


def _ids(model: LanguageModel, text: str) -> list[int]:
    assert model.tokenizer is not None
    return model.tokenizer(text)["input_ids"]  # pyright: ignore[reportReturnType]


def test_documents_in_memory_are_grouped_by_length():
    blocks = tokenize_texts(_model(), TEXTS, context=6)
    assert [tuple(block.shape) for block in blocks] == [(1, 2), (1, 3), (2, 5), (1, 6)]
    assert all((block[:, 0] == 1).all() for block in blocks)
    with pytest.raises(MicrotomeError, match="two tokens"):
        tokenize_texts(_model(), [""], 6)


def test_a_document_a_row():
    model = _model()
    blocks = list(token_blocks(model, iter(TEXTS * 9), context=6, batch_tokens=12))
    seen: dict[int, list[int]] = {}
    for block in blocks:
        assert block.tokens.numel() <= 12
        for row, documents in zip(block.tokens, block.documents, strict=True):
            assert len(set(documents.tolist())) == 1
            seen[int(documents[0])] = row.tolist()
    whole = [_ids(model, text)[:6] for text in TEXTS * 9]
    assert seen == {i: ids for i, ids in enumerate(whole) if len(ids) > 1}


def test_few_documents_wait_for_others_of_their_length():
    """Of many lengths, none often: blocks come before the corpus has been read."""
    read = 0

    def texts():
        nonlocal read
        for read in range(1, 3001):
            yield " ".join(["1"] * (2 + read % 9))

    blocks = token_blocks(_model(), texts(), context=12, batch_tokens=24)
    next(blocks)
    assert read < 3000
    total = sum(len(block.tokens) for block in blocks)
    assert total > 2900
    lengths = {block.tokens.shape[1] for block in token_blocks(_model(), texts(), 12, False, 24)}
    assert lengths == set(range(3, 12))


@pytest.mark.parametrize("bos", [True, False])
def test_packed_documents_follow_each_other(bos: bool):
    model = _model(build_tokenizer() if bos else _without_bos())
    blocks = list(token_blocks(model, TEXTS, context=4, pack=True, batch_tokens=9))
    border = [] if bos else [2]
    joined: list[int] = []
    documents: list[int] = []
    for i, text in enumerate(TEXTS):
        ids = _ids(model, text)
        ids = ids + border if ids else ids
        joined += ids
        documents += [i] * len(ids)
    whole = len(joined) // 4 * 4
    assert [tuple(block.tokens.shape) for block in blocks[:-1]] == [(2, 4)] * (len(blocks) - 1)
    assert torch.cat([b.tokens.flatten() for b in blocks]).tolist() == joined[:whole]
    assert torch.cat([b.documents.flatten() for b in blocks]).tolist() == documents[:whole]


def test_blocks_are_the_same_every_time():
    for pack in (False, True):
        once, twice = (list(token_blocks(_model(), TEXTS * 50, 6, pack, 48)) for _ in range(2))
        assert len(once) == len(twice)
        for a, b in zip(once, twice, strict=True):
            assert torch.equal(a.tokens, b.tokens)
            assert torch.equal(a.documents, b.documents)


def test_what_cannot_be_cut_into_blocks_is_named():
    model = tiny_model("llama", torch.float32)
    for cut in (tokenize_texts, token_blocks):
        with pytest.raises(MicrotomeError, match="llama has no tokenizer"):
            cut(model, TEXTS, 6)
        for context in (1, POSITIONS + 1):
            with pytest.raises(MicrotomeError, match=f"holds 2 to {POSITIONS}"):
                cut(_model(), TEXTS, context)
    with pytest.raises(MicrotomeError, match="two tokens"):
        list(token_blocks(_model(), [""], 6))
    with pytest.raises(MicrotomeError, match="3 tokens, fewer than one row of 6"):
        list(token_blocks(_model(), ["1 2"], 6, pack=True))


def test_parts_are_shared_out_and_skipped():
    first = Block(torch.arange(20).view(5, 4), torch.zeros(5, 4, dtype=torch.long))
    blocks = [first, torch.arange(20, 26).view(3, 2), torch.arange(26, 28).view(1, 2)]
    whole = list(parts(blocks, 8))
    assert [tuple(p.tokens.shape) for p in whole] == [(2, 4), (2, 4), (1, 4), (3, 2), (1, 2)]
    assert whole[3].documents.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert whole[4].documents.tolist() == [[3, 3]]
    for rank in range(2):
        share = list(parts(blocks, 8, 1, rank, 2))
        expected = whole[rank::2][1:]
        assert [p.tokens.tolist() for p in share] == [p.tokens.tolist() for p in expected]
    assert [len(p.tokens) for p in parts(blocks[:1], 1)] == [1] * 5
