"""Places in the prompts of a grid: the same part of the template in every cell."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError
from microtome.grid.slots import Slot, Span, Template
from microtome.model import LanguageModel


@dataclass(frozen=True)
class Place:
    """A token of every prompt, counted from an anchor."""

    anchor: Literal["start", "end", "a", "b"]
    """`a` and `b`: the last token of the slot's value."""
    offset: int = 0


@dataclass(frozen=True)
class Block:
    """The cells whose prompts have one length."""

    cells: Int[Tensor, " n"]
    """Numbers of the cells, row by row of the grid."""
    tokens: Int[Tensor, "n position"]
    starts: Int[Tensor, "n 2"]
    """Position of the first token of the values of a and b."""
    ends: Int[Tensor, "n 2"]
    """Of the last one."""

    def positions(self, place: Place) -> Int[Tensor, " n"]:
        if place.anchor in ("a", "b"):
            return self.ends[:, "ab".index(place.anchor)] + place.offset
        base = 0 if place.anchor == "start" else self.tokens.shape[1]
        return torch.full((len(self.tokens),), base + place.offset)


def grid_blocks(model: LanguageModel, template: Template, a: Slot, b: Slot) -> list[Block]:
    """Tokens of all cells, by length.

    Raises:
        MicrotomeError: no tokenizer that tells where its tokens stand, or text outside of the
            vocabulary.
    """
    filled = [template.fill(x, y) for x in a.values for y in b.values]
    model.tokenize(filled[0][0])  # says what is wrong with a prompt
    tokenizer = model.tokenizer
    assert tokenizer is not None
    if not tokenizer.is_fast:
        raise MicrotomeError(
            f"the tokenizer of {model.name} does not tell where tokens stand in a text, so slots "
            f"cannot be found; use a model with a fast tokenizer"
        )
    texts = [text for text, _, _ in filled]
    read = tokenizer(texts, return_offsets_mapping=True, verbose=False)
    unknown = tokenizer.unk_token_id
    by_length: dict[int, list[int]] = {}
    for cell, ids in enumerate(read["input_ids"]):
        if unknown is not None and unknown in ids:
            model.tokenize(texts[cell])
        by_length.setdefault(len(ids), []).append(cell)
    blocks = []
    for _, cells in sorted(by_length.items()):
        spans = [
            [
                _covered(read["offset_mapping"][cell], span, filled[cell][0])
                for span in filled[cell][1:]
            ]
            for cell in cells
        ]
        ids = torch.tensor([read["input_ids"][cell] for cell in cells])
        found = torch.tensor(spans)
        blocks.append(Block(torch.tensor(cells), ids, found[..., 0], found[..., 1]))
    return blocks


def _covered(offsets: list[tuple[int, int]], span: Span, text: str) -> tuple[int, int]:
    """First and last token that have a part of a span of characters."""
    inside = [i for i, (start, stop) in enumerate(offsets) if start < span[1] and stop > span[0]]
    if not inside:
        raise MicrotomeError(
            f"the value {shortened(text[slice(*span)])!r} has no token in {shortened(text)!r}; "
            f"choose another"
        )
    return inside[0], inside[-1]


def common_places(blocks: list[Block], skip_first: bool) -> list[Place]:
    """Every place that all prompts have, in reading order; position 0 may be left out."""
    first, second = (0, 1) if bool(blocks[0].ends[0, 0] < blocks[0].ends[0, 1]) else (1, 0)

    def least(values: list[Tensor]) -> int:
        return min(int(value.min()) for value in values)

    before = least([block.starts[:, first] for block in blocks])
    between = least([block.starts[:, second] - block.ends[:, first] for block in blocks])
    behind = least([block.tokens.shape[1] - block.ends[:, second] for block in blocks])
    names: tuple[Literal["a", "b"], ...] = ("a", "b")
    places = [
        *(Place("start", i) for i in range(before)),
        *(Place(names[first], i) for i in range(max(between, 1))),
        *(Place(names[second], i) for i in range(behind)),
    ]
    lowest = int(skip_first)
    return [p for p in places if min(int(b.positions(p).min()) for b in blocks) >= lowest]


def parse_place(text: str | None, blocks: list[Block]) -> Place | None:
    """The place that `a`, `b`, `last`, or a number (from the start; negative: from the end)
    names; None for `strongest`.

    Raises:
        MicrotomeError: none of these, or a position that a prompt does not have.
    """
    if text is None or text == "strongest":
        return None
    if text in ("a", "b"):
        return Place(text)  # pyright: ignore[reportArgumentType]
    if text == "last":
        return Place("end", -1)
    try:
        number = int(text)
    except ValueError:
        raise MicrotomeError(
            f"--position {text!r} is none of a, b, last, strongest, or a number"
        ) from None
    shortest = min(block.tokens.shape[1] for block in blocks)
    if not -shortest <= number < shortest:
        raise MicrotomeError(f"position {number} is not in a prompt of {shortest} tokens")
    return Place("start" if number >= 0 else "end", number)


def place_words(place: Place, model: LanguageModel, blocks: list[Block]) -> str:
    """A place as a reader would name it: `at {b}`, `at “=”, 1 after {b}`."""
    if place.anchor in ("a", "b") and not place.offset:
        return f"at {{{place.anchor}}}"
    tokens = {
        int(token)
        for block in blocks
        for token in block.tokens.gather(1, block.positions(place)[:, None]).unique()
    }
    one = len(tokens) == 1
    token = f"“{model.token_string(tokens.pop()).strip()}”" if one else "the token"
    if not one and place == Place("end", -1):
        return "at the last token"
    if place.anchor == "start":
        return f"at {token}, position {place.offset}"
    if place.anchor == "end":
        counted = "the last" if place.offset == -1 else f"{-place.offset} from the end"
        return f"at {token}, {counted}"
    return f"at {token}, {place.offset} after {{{place.anchor}}}"
