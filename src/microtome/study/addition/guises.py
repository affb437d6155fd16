"""Are the features of one guise those of the others?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.circuit import prune, trace
from microtome.specimen.adder import world
from microtome.study.addition.document import PATHS, CircuitRow, OverlapRow, Path, TransferRow, Who
from microtome.study.addition.paths import DEALT, Paths, Row, digits_right, stacked
from microtome.study.addition.subject import Subject, numbers
from microtome.study.figure import share

Progress = Callable[[int, int], object]
TRACED = (*world.GUISES, "ones of a sum", "tens of a sum")
"""Tasks whose graphs are compared: those of two operands."""


def overlaps(
    found: Mapping[str, Paths], activations: Mapping[str, Float[Tensor, "pairs columns"]]
) -> list[OverlapRow]:
    """Every path in every two guises: which features are the same, and do they do the same?"""
    rows = []
    for first, second in combinations(found, 2):
        for path in PATHS:
            a, b = found[first].own[path], found[second].own[path]
            controls = [
                jaccard(x, y)
                for x in found[first].dealt[path, "shuffled"]
                for y in found[second].dealt[path, "shuffled"]
            ]
            rows.append(
                OverlapRow(
                    path=path,
                    first=first,
                    second=second,
                    features=(int(a.sum()), int(b.sum())),
                    jaccard=jaccard(a, b),
                    jaccard_chance=float(np.mean(controls)),
                    correlation=_correlation(activations[first], activations[second], a | b),
                )
            )
    return rows


def jaccard(a: Bool[Tensor, " columns"], b: Bool[Tensor, " columns"]) -> float:
    """Common features over all features of two sets; 0 where both are empty."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0


def _correlation(a: Tensor, b: Tensor, columns: Tensor) -> float:
    a, b = (x[:, columns].double() for x in (a, b))
    a, b = a - a.mean(0), b - b.mean(0)
    squares = (a * a).sum(0) * (b * b).sum(0)
    each = torch.where(squares > 0, (a * b).sum(0) / squares.clamp(min=1e-30).sqrt(), 0.0)
    return float(each.mean()) if len(each) else 0.0


@dataclass(frozen=True)
class Compared:
    """Overlap of circuits in two tasks, pair by pair."""

    same: list[float]
    other: list[float]
    chance: list[float]


def circuits(
    subject: Subject,
    pairs: Int[Tensor, "pairs 2"],
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[tuple[str, str], Compared]:
    """Features at the answer's position of the pruned graphs, task against task.

    The same pair of operands, against another pair and against random active features, as many of
    every layer.
    """
    generator = torch.Generator().manual_seed(seed)
    kept: dict[str, list[Tensor]] = {}
    random: dict[str, list[Tensor]] = {}
    for number, task in enumerate(TRACED):
        kept[task], random[task] = [], []
        active = subject.activations(pairs, task) > 0
        for i, pair in enumerate(pairs):
            if progress is not None:
                progress(number * len(pairs) + i, len(TRACED) * len(pairs))
            circuit = _circuit(subject, pair, task)
            kept[task].append(circuit)
            random[task].append(_as_many(subject, circuit, active[i], generator))
    out = {}
    for first, second in combinations(TRACED, 2):
        a, b = kept[first], kept[second]
        out[first, second] = Compared(
            _each(a, b), _each(a, [*b[1:], b[0]]), _each(random[first], random[second])
        )
    return out


def _each(a: list[Tensor], b: list[Tensor]) -> list[float]:
    return [jaccard(x, y) for x, y in zip(a, b, strict=True)]


def circuit_rows(compared: Mapping[tuple[str, str], Compared], seed: int = 0) -> list[CircuitRow]:
    """The figures of circuits in two tasks."""
    return [
        CircuitRow(
            first=first,
            second=second,
            same=share(one.same, seed),
            other=share(one.other, seed),
            chance=share(one.chance, seed),
        )
        for (first, second), one in compared.items()
    ]


def _circuit(subject: Subject, pair: Tensor, task: str) -> Tensor:
    """Columns that the pruned graph of a prompt keeps at the answer's position."""
    graph = trace(subject.model, world.prompt_tokens(pair[None], task), subject.dictionary)
    nodes = graph.nodes
    features = nodes.where("feature")
    last = len(graph.prompt.tokens) - 1
    features = features[prune(graph).nodes[features] & (nodes.position[features] == last)]
    out = torch.zeros(len(subject.layer), dtype=torch.bool)
    out[subject.column(nodes.layer[features], nodes.feature[features])] = True
    return out


def _as_many(subject: Subject, circuit: Tensor, active: Tensor, generator) -> Tensor:
    """As many random active features of every layer."""
    out = torch.zeros_like(circuit)
    for layer in subject.layer.unique().tolist():
        here = subject.layer == layer
        among = (active & here).nonzero()[:, 0]
        dealt = among[torch.randperm(len(among), generator=generator)]
        out[dealt[: int((circuit & here).sum())]] = True
    return out


@dataclass(frozen=True, eq=False)
class Transferred:
    """Answers of one task with paths of the guises ablated: [pair, draw] each."""

    task: str
    which: Int[np.ndarray, " pairs"]
    """Numbers of the pairs: those that the model answers rightly in this task."""
    truth: Int[np.ndarray, " pairs"]
    answers: dict[tuple[str, Path, Who], np.ndarray]
    """By the guise that the path was found in."""

    def wrong(self, guise: str, path: Path, who: Who = "path") -> np.ndarray:
        return self.answers[guise, path, who] != self.truth[:, None]

    def predicted(self, guise: str, path: Path, who: Who = "path") -> np.ndarray:
        """Whether the error is the one that the account predicts, in a guise."""
        ones, tens = digits_right(self.answers[guise, path, who], self.truth[:, None])
        return tens & ~ones if path == "ones" else ones & ~tens


def transfer(
    subject: Subject,
    found: Mapping[str, Paths],
    means: Mapping[str, Float[Tensor, " columns"]],
    pairs: Int[Tensor, "pairs 2"],
    progress: Progress | None = None,
) -> dict[str, Transferred]:
    """Ablate paths found in each guise in every task, to the task's own means; attention live.

    Prompts that the model answers wrongly without a change are left out, task by task.
    """
    out = {}
    for number, task in enumerate(world.TASKS):
        truth = numbers(world.answers(pairs, task))
        right = subject.plain_answers(pairs, task) == truth
        mine, true = pairs[torch.from_numpy(right)], truth[right]
        named = list(_transfer_rows(found, means[task]))
        changed, values = stacked([row for _, row in named])
        answers = np.zeros((len(mine), len(named)), dtype=np.int64)
        for i, pair in enumerate(mine):
            if progress is not None:
                progress(number * len(pairs) + i, len(world.TASKS) * len(pairs))
            answers[i] = subject.answers(subject.hold(pair, task), changed, values, "live")
        keys = [key for key, _ in named]
        by_key = {key: answers[:, [k == key for k in keys]] for key in dict.fromkeys(keys)}
        out[task] = Transferred(task, right.nonzero()[0], true, by_key)
    return out


def _transfer_rows(
    found: Mapping[str, Paths], mean: Tensor
) -> Iterator[tuple[tuple[str, Path, Who], Row]]:
    for guise, paths in found.items():
        for path in PATHS:
            yield (guise, path, "path"), Row(paths.own[path], mean)
            for who in DEALT:  # one draw of each: there are seven tasks
                yield (guise, path, who), Row(paths.dealt[path, who][0], mean)


def transfer_rows(transferred: Mapping[str, Transferred], seed: int = 0) -> list[TransferRow]:
    """The figures of ablations across guises and tasks."""
    rows = []
    for task, one in transferred.items():
        for (guise, path, who), answers in one.answers.items():
            ones, tens = digits_right(answers, one.truth[:, None])
            rows.append(
                TransferRow(
                    found_in=guise,
                    task=task,
                    path=path,
                    who=who,
                    right=share(ones & tens, seed),
                    ones=share(ones, seed),
                    tens=share(tens, seed),
                )
            )
    return rows
