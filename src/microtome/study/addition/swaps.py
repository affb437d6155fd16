"""One path's activations of another sum, put into a prompt: does the answer follow?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from microtome.specimen.adder import world
from microtome.study.addition.document import PATHS, Held, Path, SwapExample, SwapRow
from microtome.study.addition.idle import idle_change
from microtome.study.addition.paths import Paths, Row, digits_right, near, stacked
from microtome.study.addition.subject import MODES, Subject
from microtome.study.figure import share

Progress = Callable[[int, int], object]
_TRIES = 50
_APART = 20


@dataclass(frozen=True, eq=False)
class Swapped:
    """Answers of one kind of swap."""

    swap: Path
    pairs: Int[Tensor, "pairs 2"]
    others: Int[Tensor, "pairs 2"]
    answers: dict[tuple[str, Held], np.ndarray]
    """By what was patched and attention: [pair, draw]."""

    @property
    def sums(self) -> np.ndarray:
        return self.pairs.sum(1).numpy()[:, None]

    @property
    def other_sums(self) -> np.ndarray:
        return self.others.sum(1).numpy()[:, None]

    def success(self, patched: str, held: Held) -> np.ndarray:
        """Whether the answer is the one that the account predicts: [pair, draw]."""
        answers = self.answers[patched, held]
        expected = [self.expected(i) for i in range(len(answers))]
        return np.array([np.isin(a, e) for a, e in zip(answers, expected, strict=True)])

    def expected(self, i: int) -> list[int]:
        """What the account predicts for one pair: the number nearest to the size of one sum that
        ends as the other does; two where both are 5 away."""
        ends, size = int(self.other_sums[i, 0]), int(self.sums[i, 0])
        if self.swap == "magnitude":
            ends, size = size, ends
        candidates = range(ends % 10, 2 * world.OPERANDS - 1, 10)
        nearest = min(abs(n - size) for n in candidates)
        return [n for n in candidates if abs(n - size) == nearest]


def draw_others(
    pairs: Int[Tensor, "pairs 2"], seed: int
) -> tuple[Int[Tensor, "found 2"], Int[Tensor, "found 2"]]:
    """For each pair another one with one operand replaced: another ones digit, and a sum that is
    20 or more away.

    So each path predicts a number of its own, and neither is the other sum: features that carry
    both digits of a sum cannot pass for either path. Pairs for which none is found are left out.
    """
    rng = np.random.default_rng(seed)
    kept, others = [], []
    for pair in pairs.tolist():
        for _ in range(_TRIES):
            other, which = list(pair), int(rng.integers(2))
            other[which] = int(rng.integers(world.OPERANDS))
            by = abs(other[which] - pair[which])
            if by >= _APART and by % 10:
                kept.append(pair)
                others.append(other)
                break
    found = (torch.tensor(x, dtype=torch.long).view(-1, 2) for x in (kept, others))
    return next(found), next(found)


def swap_paths(
    subject: Subject,
    paths: Paths,
    swap: Path,
    pairs: Int[Tensor, "pairs 2"],
    others: Int[Tensor, "pairs 2"],
    seed: int = 0,
    progress: Progress | None = None,
) -> Swapped:
    """Patch features of the other prompt into each prompt, in the equation guise."""
    rng = np.random.default_rng(seed)
    now = subject.activations(pairs, "equation")
    then = subject.activations(others, "equation")
    found: dict[tuple[str, Held], list[list[int]]] = {}
    for i, pair in enumerate(pairs):
        if progress is not None:
            progress(i, len(pairs))
        baseline = subject.hold(pair, "equation")
        named = _rows(subject, paths, swap, now[i], then[i], rng)
        changed, values = stacked([row for _, row in named])
        for held in MODES:
            answers = subject.answers(baseline, changed, values, held)
            for name in dict.fromkeys(n for n, _ in named):
                mine = [int(x) for x, (n, _) in zip(answers, named, strict=True) if n == name]
                found.setdefault((name, held), []).append(mine)
    return Swapped(swap, pairs, others, {key: np.array(rows) for key, rows in found.items()})


def _rows(
    subject: Subject,
    paths: Paths,
    swap: Path,
    now: Tensor,
    then: Tensor,
    rng: np.random.Generator,
) -> list[tuple[str, Row]]:
    own = paths.own[swap]
    rows = [(f"{path} path", Row(paths.own[path], then)) for path in PATHS]
    rows.append(("both paths", Row(paths.both, then)))
    rows.append(("all features", Row(torch.ones_like(own), then)))
    rows += [(who, Row(dealt, then)) for who, dealt in paths.controls(swap)]
    draws = len(paths.dealt[swap, "shuffled"])
    idle = [idle_change(subject, now, own, then, rng) for _ in range(draws)]
    return rows + [("idle", Row(*one)) for one in idle]


def swap_rows(swapped: Swapped, seed: int = 0) -> list[SwapRow]:
    """The figures of a swap."""
    rows = []
    for (patched, held), answers in swapped.answers.items():
        ones_new, _ = digits_right(answers, swapped.other_sums)
        ones_kept, tens_kept = digits_right(answers, swapped.sums)
        rows.append(
            SwapRow(
                swap=swapped.swap,
                patched=patched,
                attention=held,
                success=share(swapped.success(patched, held), seed),
                ones_new=share(ones_new, seed),
                ones_kept=share(ones_kept, seed),
                size_new=share(near(answers, swapped.other_sums), seed),
                size_kept=share(near(answers, swapped.sums), seed),
                tens_kept=share(tens_kept, seed),
            )
        )
    return rows


def swap_examples(swapped: Swapped, count: int = 6) -> list[SwapExample]:
    """The first swaps as they came out: no choice is made among them."""
    got = swapped.answers[f"{swapped.swap} path", "live"]
    return [
        SwapExample(
            swap=swapped.swap,
            prompt="{} + {}".format(*swapped.pairs[i].tolist()),
            other="{} + {}".format(*swapped.others[i].tolist()),
            answer=int(swapped.sums[i, 0]),
            expected=swapped.expected(i),
            got=int(got[i, 0]),
        )
        for i in range(min(count, len(got)))
    ]
