"""From texts to blocks of tokens."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.data.block import Block
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel

_TEXTS_AT_ONCE = 256
_WINDOW = 32
"""Blocks' worth of documents that wait for others of their length."""

Document = tuple[int, list[int]]
"""A document's number in the corpus, and its token ids."""


def tokenize_texts(
    model: LanguageModel, texts: Iterable[str], context: int
) -> list[Int[Tensor, "_ _"]]:
    """One row per document, cut to the context; one block per length, so that none is padded.

    A document starts with whatever special tokens the tokenizer adds, so position 0 is the
    attention sink in every block.

    Raises:
        MicrotomeError: no tokenizer, a context that the model does not hold, or no document of
            two tokens.
    """
    by_length: dict[int, list[list[int]]] = {}
    for _, ids in _documents(model, texts, context, cut=True):
        if len(ids) > 1:
            by_length.setdefault(len(ids), []).append(ids)
    if not by_length:
        raise MicrotomeError("the corpus has no document of at least two tokens")
    return [torch.tensor(rows) for _, rows in sorted(by_length.items())]


def token_blocks(
    model: LanguageModel,
    texts: Iterable[str],
    context: int,
    pack: bool = False,
    batch_tokens: int = 8192,
) -> Iterator[Block]:
    """Blocks of tokens, one after another, the same ones every time; nothing is padded.

    Args:
        model: whose tokenizer to use.
        texts: one per document.
        context: tokens of a row, at most.
        pack: join the documents, each with the BOS in front that its tokenizer adds (or else an
            EOS behind), and cut them into rows of exactly `context` tokens, so that a token may
            attend to documents before its own; what is left at the end is dropped. Otherwise a
            row is the beginning of one document, and rows of one length share a block.
        batch_tokens: tokens of a block, at most; a row is never cut for it.

    Raises:
        MicrotomeError: no tokenizer, a context that the model does not hold, or too little text
            for one row.
    """
    documents = _documents(model, texts, context, cut=not pack)
    if pack:
        return _packed(model.tokenizer, documents, context, batch_tokens)
    return _grouped(documents, batch_tokens)


def _documents(
    model: LanguageModel, texts: Iterable[str], context: int, cut: bool
) -> Iterator[Document]:
    """Tokens of every document, special tokens added as the tokenizer does."""
    if model.tokenizer is None:
        raise MicrotomeError(f"{model.name} has no tokenizer; pass blocks of tokens, not texts")
    if not 2 <= context <= model.max_positions:
        raise MicrotomeError(
            f"context {context} does not fit {model.name}, which holds 2 to "
            f"{model.max_positions} tokens"
        )
    return _tokenized(model.tokenizer, iter(texts), context if cut else None)


def _tokenized(tokenizer: Any, texts: Iterator[str], cut: int | None) -> Iterator[Document]:
    number = 0
    while chunk := list(islice(texts, _TEXTS_AT_ONCE)):
        # not verbose: a document longer than the context is no cause for a warning here
        for ids in tokenizer(chunk, truncation=cut is not None, max_length=cut, verbose=False)[
            "input_ids"
        ]:
            yield number, ids
            number += 1


def _packed(
    tokenizer: Any, documents: Iterator[Document], context: int, batch_tokens: int
) -> Iterator[Block]:
    size = max(batch_tokens // context, 1) * context
    tokens: list[int] = []
    numbers: list[int] = []
    short = True
    for number, ids in documents:
        ids = _bordered(tokenizer, ids)
        tokens += ids
        numbers += [number] * len(ids)
        while len(tokens) >= size:
            short = False
            yield _block(tokens[:size], numbers[:size], context)
            del tokens[:size], numbers[:size]
    if whole := len(tokens) // context * context:
        yield _block(tokens[:whole], numbers[:whole], context)
    elif short:
        raise MicrotomeError(
            f"the corpus has {len(tokens)} tokens, fewer than one row of {context}; lower the "
            f"context or give more text"
        )


def _bordered(tokenizer: Any, ids: list[int]) -> list[int]:
    """The document with a token between it and its neighbour, if the tokenizer knows one."""
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    if not ids or eos is None or ids[-1] == eos or (bos is not None and ids[0] == bos):
        return ids
    return [*ids, eos]


def _block(tokens: list[int], numbers: list[int], context: int) -> Block:
    return Block(torch.tensor(tokens).view(-1, context), torch.tensor(numbers).view(-1, context))


def _grouped(documents: Iterator[Document], batch_tokens: int) -> Iterator[Block]:
    """Documents wait, so many tokens of them, until there is a block's worth of one length."""
    waiting: dict[int, list[Document]] = {}
    total, empty = 0, True
    for document in documents:
        length = len(document[1])
        if length < 2:
            continue
        empty = False
        group = waiting.setdefault(length, [])
        group.append(document)
        total += length
        if (len(group) + 1) * length > batch_tokens:
            fullest = length
        elif total > _WINDOW * batch_tokens:
            fullest = max(waiting, key=lambda n: (n * len(waiting[n]), n))
        else:
            continue
        total -= fullest * len(waiting[fullest])
        yield _rows(waiting.pop(fullest))
    if empty:
        raise MicrotomeError("the corpus has no document of at least two tokens")
    for _, group in sorted(waiting.items()):
        yield _rows(group)


def _rows(group: list[Document]) -> Block:
    tokens = torch.tensor([ids for _, ids in group])
    numbers = torch.tensor([number for number, _ in group])
    return Block(tokens, numbers[:, None].expand_as(tokens))
