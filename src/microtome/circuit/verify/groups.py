"""Groups of a graph and what is between them, tested as wholes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.prune import Pruned
from microtome.circuit.verify.agreement import agreement
from microtome.circuit.verify.document import EdgeResult, EdgeVerdict, Effect, GroupResult
from microtome.circuit.verify.measure import Bench, Change
from microtome.circuit.verify.verdict import edge_verdict

MEASURABLE = 0.01
"""Smallest predicted effect that says anything: of a feature's activation, or of a logit's share of
what all absolute inputs give it."""


@dataclass(frozen=True)
class Tested:
    """Effects of some changes on every target, by mode; controls beside."""

    changes: list[Change]
    predicted: dict[str, Float[Tensor, "batch targets"]]
    measured: dict[str, Float[Tensor, "batch targets"]]
    controls: dict[str, Float[Tensor, "batch targets"]]


@dataclass(frozen=True)
class Unit:
    """A group of features, or a node by itself, that is changed as one."""

    label: str
    nodes: tuple[int, ...]
    influence: float


def effects_of(
    bench: Bench, units: Sequence[Unit], sizes: Sequence[float], tested: Tested
) -> list[GroupResult]:
    """Effects on the targets asked for, group by group."""
    graph = bench.graph
    found = []
    for number, unit in enumerate(units):
        rows = slice(number * len(sizes), (number + 1) * len(sizes))
        effects = [
            Effect(
                target=graph.nodes.name(int(graph.rows[row])),
                label=graph.nodes.label[int(graph.rows[row])],
                predicted={m: x[rows, row].tolist() for m, x in tested.predicted.items()},
                measured={m: _numbers(x[rows, row]) for m, x in tested.measured.items()},
                control={m: _numbers(x[rows, row]) for m, x in tested.controls.items()},
            )
            for row in bench.asked
        ]
        names = [graph.nodes.name(node) for node in unit.nodes]
        found.append(
            GroupResult(label=unit.label, members=names, influence=unit.influence, effects=effects)
        )
    return found


def _numbers(values: Tensor) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]


def judge_edges(
    bench: Bench,
    pruned: Pruned,
    units: Sequence[Unit],
    sizes: Sequence[float],
    tested: Tested,
) -> list[EdgeResult]:
    """A verdict for every pair of groups (or group and target) that the drawing connects."""
    graph = bench.graph
    row_of = {node: i for i, node in enumerate(graph.rows.tolist())}
    targets = [unit for unit in units if any(node in row_of for node in unit.nodes)]
    in_unit = {node for unit in units for node in unit.nodes}
    asked = [node for node in graph.rows[graph.weights > 0].tolist() if node not in in_unit]
    targets += [Unit(graph.nodes.name(node), (node,), 0.0) for node in asked]
    found = []
    for number, source in enumerate(units):
        if not all(node in bench.column_of for node in source.nodes):
            continue
        columns = [bench.column_of[node] for node in source.nodes]
        batch = slice(number * len(sizes), (number + 1) * len(sizes))
        for target in targets:
            rows = [row_of[node] for node in target.nodes if node in row_of]
            if target is source or not bool(pruned.edges[rows][:, columns].any()):
                continue
            verdicts = _verdicts(bench, rows, batch, tested)
            found.append(EdgeResult(source=source.label, target=target.label, verdicts=verdicts))
    return found


def _verdicts(
    bench: Bench, rows: list[int], batch: slice, tested: Tested
) -> dict[str, EdgeVerdict]:
    scale = _scale(bench, rows)
    out = {}
    for mode, values in tested.measured.items():
        predicted = tested.predicted[mode][batch][:, rows] / scale
        measured = values[batch][:, rows] / scale
        known = torch.isfinite(measured)
        if not bool(known.any()) or float(predicted.abs().max()) < MEASURABLE:
            out[mode] = EdgeVerdict(verdict="not testable", slope=None, interval=None)
            continue
        each = torch.arange(predicted.numel()).view_as(predicted)
        found = agreement(predicted, measured, each)
        interval = found.slope_interval
        verdict = edge_verdict(found.slope, interval)
        out[mode] = EdgeVerdict(verdict=verdict, slope=found.slope, interval=interval)
    return out


def _scale(bench: Bench, rows: list[int]) -> Float[Tensor, " rows"]:
    """By target, what its effects are counted in: a feature's activation, a logit's mass."""
    graph = bench.graph
    activation = graph.nodes.activation[graph.rows[rows]].abs()
    return torch.where(activation > 0, activation, graph.mass[rows].double()).clamp(min=1e-12)
