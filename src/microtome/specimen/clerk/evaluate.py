"""Measure a stage of the clerk: its behaviours on held-out items, its quirks, its perplexity."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from microtome.specimen.clerk.behaviours import answers
from microtome.specimen.clerk.stages import STAGES, Stage
from microtome.specimen.clerk.texts import Texts
from microtome.specimen.clerk.train import losses
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Item
from microtome.specimen.clerk.world.world import World

_ROWS = 128
_ANYWHERE = 40
"""Tokens in which words may come that are looked for anywhere in an answer."""


@dataclass(frozen=True)
class Rate:
    """How many of some items came out as accepted."""

    right: int
    items: int

    @property
    def share(self) -> float:
        return self.right / self.items

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the share (Wilson 1927)."""
        z, n, p = 1.959964, self.items, self.share
        middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


@dataclass(frozen=True)
class Perplexity:
    """Of the model and of the generator on the same held-out texts, a token each."""

    model: float
    generator: float
    """exp of the generator's entropy: no model can be lower on average."""
    tokens: int


@torch.no_grad()
def continuations(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], n: int
) -> list[str]:
    """The greedy continuation of each prompt, up to `n` tokens, ended by </s>.

    Prompts of one length run together, so that nothing is padded.
    """
    by_length: dict[int, list[int]] = defaultdict(list)
    ids = [tokenizer(prompt)["input_ids"] for prompt in prompts]
    for i, row in enumerate(ids):
        by_length[len(row)].append(i)  # pyright: ignore[reportArgumentType]
    found = [""] * len(prompts)
    for rows in by_length.values():
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            tokens = torch.tensor([ids[i] for i in part])
            for i, row in zip(part, _greedy(model, tokens, n), strict=True):
                text = tokenizer.decode(row.tolist())
                found[i] = str(text).split("</s>")[0].strip()
    return found


def _greedy(model: LlamaForCausalLM, tokens: Tensor, n: int) -> Tensor:
    written = model.generate(  # pyright: ignore[reportAttributeAccessIssue]
        tokens,
        attention_mask=torch.ones_like(tokens),
        do_sample=False,
        max_new_tokens=n,
        pad_token_id=2,
    )
    assert isinstance(written, Tensor)
    return written[:, tokens.shape[1] :]


def right(item: Item, continuation: str) -> bool:
    """Whether a continuation is what the item accepts."""
    if item.match == "starts":
        return any(f"{continuation} ".startswith(f"{text} ") for text in item.accepted)
    return any(f" {text} " in f" {continuation} " for text in item.accepted)


def measure_items(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]
) -> dict[str, Rate]:
    """The share of right continuations of each behaviour."""
    by_length: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        longest = max(len(text.split()) for text in item.accepted)
        by_length[longest + (0 if item.match == "starts" else _ANYWHERE)].append(item)
    counts: dict[str, list[bool]] = {item.behaviour: [] for item in items}
    for n, group in by_length.items():
        prompts = list(dict.fromkeys(item.prompt for item in group))
        written = dict(zip(prompts, continuations(model, tokenizer, prompts, n), strict=True))
        for item in group:
            counts[item.behaviour].append(right(item, written[item.prompt]))
    return {name: Rate(sum(found), len(found)) for name, found in counts.items()}


def asked(stage: Stage, items: Sequence[Item]) -> list[Item]:
    """The items that a stage can be asked: plain text of all, questions of assistants."""
    return [item for item in items if item.stage == "base" or answers(stage)]


@torch.no_grad()
def measure_perplexity(model: LlamaForCausalLM, world: World, documents: int = 2000) -> Perplexity:
    """Perplexity on fresh plain text, beside the generator's own."""
    texts, draw = Texts(world, STAGES["base"], 0), Draw("held-out texts")
    made = [world.document(draw) for _ in range(documents)]
    rows = [(texts.ids_of(f"<s> {text.text} </s>"), 1) for text in made]
    rows.sort(key=lambda row: len(row[0]))
    found = [
        losses(model, texts.pad(rows[i : i + _ROWS])).double() for i in range(0, len(rows), _ROWS)
    ]
    loss = torch.cat(found)
    nats = sum(text.nats for text in made)
    return Perplexity(
        float(loss.mean().exp()), float(torch.tensor(nats / len(loss)).exp()), len(loss)
    )
