"""Corpora, token blocks and harvesting."""

from pathlib import Path

import pytest
import torch

from microtome.data import harvest, read_texts, split_documents, tokenize_texts
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.model.families import tiny_model


def test_json_lines_and_plain_text(tmp_path: Path):
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"text": "one"}\n\n{"text": "two\\nlines", "id": 3}\n')
    assert list(read_texts(lines)) == ["one", "two\nlines"]
    plain = tmp_path / "a.txt"
    plain.write_text("one\nmore\n\ntwo\n\n\n")
    assert [text.strip() for text in read_texts(plain)] == ["one\nmore", "two"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "x"}\nnot json', "line 2"),
        ("a.jsonl", '{"other": "x"}', "line 1"),
        ("a.jsonl", "[1]", "line 1"),
        ("a.txt", " \n\n ", "no text"),
        ("a.csv", "x", "ending"),
    ],
)
def test_bad_corpora_are_named(tmp_path: Path, name: str, content: str, message: str):
    (tmp_path / name).write_text(content)
    with pytest.raises(MicrotomeError, match=message):
        list(read_texts(tmp_path / name))
    with pytest.raises(MicrotomeError, match="does not exist"):
        list(read_texts(tmp_path / "none.txt"))


def test_one_document_in_twenty_is_held_out():
    train, held_out = split_documents(str(i) for i in range(100))
    assert len(held_out) == 5
    assert not set(train) & set(held_out)


def _model() -> LanguageModel:
    model = tiny_model("llama", torch.float32)
    model.tokenizer = build_tokenizer()
    return model


def test_blocks_are_documents_of_one_length_without_padding():
    blocks = tokenize_texts(_model(), ["1 + 2 =", "3 + 4 =", "5", "7 8 9 10 11 12 13"], context=6)
    shapes = [tuple(block.shape) for block in blocks]
    assert shapes == [(1, 2), (2, 5), (1, 6)]
    assert all((block[:, 0] == 1).all() for block in blocks)
    with pytest.raises(MicrotomeError, match="two tokens"):
        tokenize_texts(_model(), [""], 6)


def test_harvest_gives_each_token_once_and_leaves_out_the_first_position():
    model = tiny_model("llama", torch.float32)
    blocks = [torch.randint(3, 40, (7, 5)), torch.randint(3, 40, (4, 9))]
    sites = ["blocks.0.mlp.in", "blocks.2.mlp.out"]
    seen: list[int] = []
    read, written = harvest(model, blocks, sites, tokens_at_once=12, progress=seen.append)
    assert read.shape == written.shape == (7 * 4 + 4 * 8, model.d_model)
    assert seen[-1] == len(read)
    direct = model.run(blocks[1], sites)
    expected = direct["blocks.2.mlp.out"][:, 1:].flatten(0, 1)
    assert torch.allclose(written[28:], expected, atol=1e-6)
    whole, _ = harvest(model, blocks, sites, skip_first=False)
    assert len(whole) == 7 * 5 + 4 * 9
    few, _ = harvest(model, blocks, sites, max_tokens=10)
    assert torch.allclose(few, read[:10], atol=1e-6)
