"""From texts to blocks of tokens."""

from collections.abc import Iterable

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel


def tokenize_texts(
    model: LanguageModel, texts: Iterable[str], context: int
) -> list[Int[Tensor, "_ _"]]:
    """One block per document, cut to the context, grouped by length so that none is padded.

    A document starts with whatever special tokens the tokenizer adds, so position 0 is the
    attention sink in every block.

    Raises:
        MicrotomeError: no document has two tokens.
    """
    assert model.tokenizer is not None, "a corpus of texts needs a tokenizer"
    by_length: dict[int, list[list[int]]] = {}
    for text in texts:
        ids: list[int] = model.tokenizer(text, truncation=True, max_length=context)["input_ids"]  # pyright: ignore[reportAssignmentType]
        if len(ids) > 1:
            by_length.setdefault(len(ids), []).append(ids)
    if not by_length:
        raise MicrotomeError("the corpus has no document of at least two tokens")
    return [torch.tensor(rows) for _, rows in sorted(by_length.items())]
