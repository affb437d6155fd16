"""The adder's world: two-digit sums in three guises, one token per number, and place value.

The same 10,000 pairs of operands (0..99 each) appear as an equation, as a table row and as a
start minute, a duration and an end minute. 1,000 pairs are held out of training in every guise.
Exercises in place value ask for the ones or the tens of a number or a sum. Without them nothing
says that 36 and 46 end alike, and a model adds by size alone; with them it learns what models of
text learn from text.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.specimen.special_tokens import SPECIALS

OPERANDS = 100
"""Operands run from 0 to 99, so that sums run from 0 to 198."""

HELD_OUT_PAIRS = 1000

GUISES = {
    "equation": "{a} + {b} =",
    "table": "| {a} | {b} |",
    "minutes": "start {a} lasts {b} ends",
}
"""Prompt of each guise; the next token is the sum. The first is the one reported first."""

EXERCISES = {
    "ones": "{a} ones",
    "tens": "{a} tens",
    "ones of a sum": "{a} + {b} ones",
    "tens of a sum": "{a} + {b} tens",
}
"""Prompt of each exercise: `36 ones` is followed by 6, `36 + 59 tens` by 90."""

TASKS = GUISES | EXERCISES

WORDS = ("+", "=", "|", "start", "lasts", "ends")
EXERCISE_WORDS = ("ones", "tens")


def vocabulary() -> list[str]:
    """All tokens in the order of their ids: specials, words, numbers 0 to 198, exercises' words."""
    numbers = (str(n) for n in range(2 * OPERANDS - 1))
    return [*SPECIALS, *WORDS, *numbers, *EXERCISE_WORDS]


def number_token(n: int) -> int:
    """Id of the token of the number `n` (0..198)."""
    return len(SPECIALS) + len(WORDS) + n


@dataclass(frozen=True)
class Split:
    """Which of the 10,000 pairs are trained on and which are held out: [pairs, 2] each."""

    train: Int[Tensor, "pairs 2"]
    held_out: Int[Tensor, "held_out 2"]


def split_pairs(seed: int) -> Split:
    """Draw the held-out pairs; the split depends on the seed alone."""
    order = torch.randperm(OPERANDS**2, generator=torch.Generator().manual_seed(seed))
    pairs = torch.stack([order // OPERANDS, order % OPERANDS], dim=-1)
    return Split(train=pairs[HELD_OUT_PAIRS:], held_out=pairs[:HELD_OUT_PAIRS])


def prompt(a: int, b: int, guise: str = "equation") -> str:
    """The text that asks for a + b in a guise."""
    return GUISES[guise].format(a=a, b=b)


def prompt_tokens(pairs: Int[Tensor, "n 2"], task: str) -> Int[Tensor, "n length"]:
    """Token ids of a guise or an exercise for many pairs at once, the leading <s> included."""
    ids = {token: i for i, token in enumerate(vocabulary())}
    columns = [torch.full((len(pairs),), ids["<s>"])]
    for word in TASKS[task].split():
        if word in ("{a}", "{b}"):
            columns.append(number_token(0) + pairs[:, "ab".index(word[1])])
        else:
            columns.append(torch.full((len(pairs),), ids[word]))
    return torch.stack(columns, dim=-1)


def answers(pairs: Int[Tensor, "n 2"], task: str = "equation") -> Int[Tensor, " n"]:
    """Token id of what follows each prompt: in every guise the sum."""
    value = pairs.sum(-1) if "{b}" in TASKS[task] else pairs[:, 0]
    if task.startswith("ones"):
        value = value % 10
    elif task.startswith("tens"):
        value = value // 10 * 10
    return number_token(0) + value


def batches(
    pairs: Int[Tensor, "n 2"], batch_size: int, seed: int, start: int = 0
) -> Iterator[Int[Tensor, "batch 2"]]:
    """Endless batches of pairs drawn with replacement, the same for the same seed.

    `start` skips batches without drawing them, so that a resumed run sees the same data.
    """
    step = start
    while True:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        yield pairs[torch.randint(len(pairs), (batch_size,), generator=generator)]
        step += 1
