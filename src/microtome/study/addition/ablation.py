"""Each path ablated in the real model: is the error the one that the account predicts?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.study.addition.document import PATHS, Confusion, Held, Path, Who
from microtome.study.addition.idle import idle_change
from microtome.study.addition.paths import Paths, Row, digits_right, near, stacked
from microtome.study.addition.subject import MODES, Subject
from microtome.study.figure import share

To = Literal["zero", "mean"]
_TO: tuple[To, ...] = ("zero", "mean")
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Condition:
    """What a row of the result is about."""

    path: Path | Literal["both"]
    who: Who
    to: To


@dataclass(frozen=True, eq=False)
class Ablated:
    """Answers under ablation, by condition and attention: [pair, draw] each."""

    sums: Int[np.ndarray, " pairs"]
    answers: dict[tuple[Condition, Held], np.ndarray]

    def right(self, path: Path, who: Who, to: To, held: Held) -> tuple[np.ndarray, np.ndarray]:
        """Whether ones and tens are right: [pair, draw] each."""
        answers = self.answers[Condition(path, who, to), held]
        return digits_right(answers, self.sums[:, None])

    def predicted(self, path: Path, who: Who, to: To, held: Held) -> np.ndarray:
        """Whether the error is the one that the account predicts of this path."""
        ones, tens = self.right(path, who, to, held)
        return tens & ~ones if path == "ones" else ones & ~tens


def ablate(
    subject: Subject,
    paths: Paths,
    means: Float[Tensor, " columns"],
    pairs: Int[Tensor, "pairs 2"],
    seed: int = 0,
    progress: Progress | None = None,
) -> Ablated:
    """Ablate the paths and their controls on the real model, in the equation guise.

    To zero, or to each feature's mean over all pairs, which takes away what it says and leaves
    what it always writes.
    """
    rng = np.random.default_rng(seed)
    now = subject.activations(pairs, "equation")
    found: dict[tuple[Condition, Held], list[list[int]]] = {}
    for i, pair in enumerate(pairs):
        if progress is not None:
            progress(i, len(pairs))
        baseline = subject.hold(pair, "equation")
        named = list(_rows(subject, paths, means, now[i], rng))
        changed, values = stacked([row for _, row in named])
        for held in MODES:
            answers = subject.answers(baseline, changed, values, held)
            for condition in dict.fromkeys(c for c, _ in named):
                mine = [int(x) for x, (c, _) in zip(answers, named, strict=True) if c == condition]
                found.setdefault((condition, held), []).append(mine)
    arrays = {key: np.array(rows) for key, rows in found.items()}
    return Ablated(pairs.sum(1).numpy(), arrays)


def _rows(
    subject: Subject, paths: Paths, means: Tensor, now: Tensor, rng: np.random.Generator
) -> Iterator[tuple[Condition, Row]]:
    for to in _TO:
        # what is left of an answer when both are gone did not come by them
        yield Condition("both", "path", to), Row(paths.both, means * (to == "mean"))
        values = torch.zeros_like(means) if to == "zero" else means
        for path in PATHS:
            own = paths.own[path]
            yield Condition(path, "path", to), Row(own, values)
            for who, dealt in paths.controls(path):
                yield Condition(path, who, to), Row(dealt, values)
            for _ in paths.dealt[path, "shuffled"]:
                idle = idle_change(subject, now, own, values, rng)
                yield Condition(path, "idle", to), Row(*idle)


def confusion(ablated: Ablated, seed: int = 0) -> list[Confusion]:
    """Ones right or wrong, tens right or wrong, for every condition."""
    rows = []
    for (condition, held), answers in ablated.answers.items():
        ones, tens = digits_right(answers, ablated.sums[:, None])
        close = near(answers, ablated.sums[:, None])
        away = np.abs(answers - ablated.sums[:, None])[answers >= 0]
        rows.append(
            Confusion(
                path=condition.path,
                who=condition.who,
                to=condition.to,
                attention=held,
                both_right=share(ones & tens, seed),
                ones_only=share(ones & ~tens, seed),
                tens_only=share(tens & ~ones, seed),
                neither=share(~ones & ~tens, seed),
                ones=share(ones, seed),
                tens=share(tens, seed),
                near=share(close, seed),
                error=float(np.median(away)) if len(away) else None,
            )
        )
    return rows


def held_out(
    subject: Subject, candidates: Int[Tensor, "candidates 2"], count: int, seed: int
) -> Int[Tensor, "pairs 2"]:
    """Held-out pairs, drawn at random from those that the model adds rightly."""
    right = right_pairs(subject, candidates)
    known = candidates[right]
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
    return known[order[:count]]


def right_pairs(subject: Subject, pairs: Int[Tensor, "pairs 2"]) -> Bool[Tensor, " pairs"]:
    """Whether the model's answer is the sum."""
    answers = subject.plain_answers(pairs, "equation")
    return torch.from_numpy(answers == pairs.sum(1).numpy())
