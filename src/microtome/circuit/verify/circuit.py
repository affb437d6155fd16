"""Is the circuit needed, and is it enough? Necessity, sufficiency, and the curve between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.replacement import ActiveFeatures
from microtome.circuit.verify.document import CircuitResult, CurveResult
from microtome.circuit.verify.measure import Bench
from microtome.intervention import Clamps, Mode

FRACTIONS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of the active features that a circuit keeps (Mueller et al. 2025, "MIB: A Mechanistic
Interpretability Benchmark", section on circuit localisation)."""
_DRAWS = 3
"""Random circuits of each size."""


@dataclass(frozen=True, eq=False)
class Ablation:
    """Keeping some active features of a prompt and ablating the rest to their mean."""

    bench: Bench
    mode: Mode

    @cached_property
    def active(self) -> ActiveFeatures:
        return self.bench.replacement.active_features()

    @cached_property
    def means(self) -> Float[Tensor, " n"]:
        """Of every active feature, its mean activation over the prompt."""
        a = self.active
        n = self.bench.replacement.n_positions - len(self.bench.replacement.skip_positions)
        widest = max(self.bench.dictionary.n_features)
        keys, at = (a.layer * widest + a.feature).unique(return_inverse=True)
        sums = a.activation.new_zeros(len(keys)).index_add_(0, at, a.activation)
        return (sums / max(n, 1))[at]

    def values(self, kept: Sequence[Tensor]) -> Float[Tensor, " circuits"]:
        """The targets' value, weighted, with only some active features kept in each row."""
        parts, size = [], self.bench.batch_size
        for start in range(0, len(kept), size):
            ablated = (~torch.stack(list(kept[start : start + size]))).nonzero()
            row, entry = ablated.unbind(1)
            a = self.active.select(entry)
            clamps = Clamps(row, a.layer, a.position, a.feature, self.means[entry])
            rows = min(size, len(kept) - start)
            parts.append(self.bench.clamped(clamps, rows, self.mode))
        return self.metric(torch.cat(parts))

    def metric(self, values: Float[Tensor, "batch targets"]) -> Float[Tensor, " batch"]:
        """Logits by their probability (other targets by their weight)."""
        asked = self.bench.asked
        return values[:, asked] @ self.bench.graph.start_weights[asked].double()


def ablate_circuit(bench: Bench, circuit: Tensor, mode: Mode, seed: int = 0) -> CircuitResult:
    """Ablate the circuit, keep only the circuit, and everything in between.

    Faithfulness of a circuit is what it keeps of the targets' value when all other active
    features are ablated to their mean over the prompt: (m(circuit) - m(nothing)) / (m(all) -
    m(nothing)). Features outside stay ablated whatever reaches them; errors stay, so that
    m(nothing) is what errors, attention and biases reach without any feature.

    Args:
        bench: graph, model and dictionary.
        circuit: nodes; its features count.
        mode: what is held.
        seed: of the random features.
    """
    ablation = Ablation(bench, mode)
    generator = torch.Generator().manual_seed(seed)
    influence, inside = _by_active(bench, ablation.active, circuit)
    n = len(influence)
    draws = [torch.randperm(n, generator=generator) for _ in range(_DRAWS)]
    like = [_like(ablation.active, inside, generator) for _ in range(_DRAWS)]
    sizes = [max(round(f * n), int(f > 0)) for f in FRACTIONS]
    best = influence.argsort(descending=True, stable=True)
    ends = ablation.values([torch.ones(n, dtype=torch.bool), torch.zeros(n, dtype=torch.bool)])
    everything, nothing = ends.tolist()

    def share(values: Tensor) -> float | None:
        span = everything - nothing
        return float((values.mean() - nothing) / span) if span else None

    def curve(orders: list[Tensor]) -> CurveResult:
        values = ablation.values([_first(o, size) for size in sizes for o in orders])
        return _curve(sizes, [share(some) for some in values.split(len(orders))])

    def lost(circuits: list[Tensor]) -> float | None:
        left = share(ablation.values([~c for c in circuits]))
        return None if left is None else 1 - left

    return CircuitResult(
        necessity=lost([inside]),
        necessity_control=lost(like),
        sufficiency=share(ablation.values([inside])),
        sufficiency_control=share(ablation.values(like)),
        curve=curve([best]),
        curve_control=curve(draws),
    )


def _by_active(
    bench: Bench, active: ActiveFeatures, circuit: Tensor
) -> tuple[Float[Tensor, " n"], Tensor]:
    """Of every active feature its influence (0 for those not expanded), and whether it is in the
    circuit."""
    nodes = bench.graph.nodes
    place = {
        (int(active.layer[i]), int(active.position[i]), int(active.feature[i])): i
        for i in range(len(active))
    }
    influence = torch.zeros(len(active), dtype=torch.float64)
    inside = torch.zeros(len(active), dtype=torch.bool)
    chosen = set(circuit.tolist())
    for node in nodes.where("feature").tolist():
        key = (int(nodes.layer[node]), int(nodes.position[node]), int(nodes.feature[node]))
        if (at := place.get(key)) is not None:
            influence[at] = float(bench.graph.influence[node])
            inside[at] = node in chosen
    return influence, inside


def _like(active: ActiveFeatures, inside: Tensor, generator: torch.Generator) -> Tensor:
    """As many random active features of each layer, outside the circuit as far as there are."""
    out = torch.zeros_like(inside)
    for layer in active.layer.unique().tolist():
        here = active.layer == layer
        wanted = int((here & inside).sum())
        outside = (here & ~inside).nonzero()[:, 0]
        others = (here & inside).nonzero()[:, 0]
        order = torch.cat([_shuffled(outside, generator), _shuffled(others, generator)])
        out[order[:wanted]] = True
    return out


def _shuffled(index: Tensor, generator: torch.Generator) -> Tensor:
    return index[torch.randperm(len(index), generator=generator)]


def _first(order: Tensor, size: int) -> Tensor:
    keep = torch.zeros(len(order), dtype=torch.bool)
    keep[order[:size]] = True
    return keep


def _curve(sizes: list[int], kept: list[float | None]) -> CurveResult:
    known = [value for value in kept if value is not None]
    areas: tuple[float | None, float | None] = (None, None)
    if len(known) == len(kept):
        x, y = torch.tensor(FRACTIONS), torch.tensor(known)
        areas = (float(torch.trapezoid(y, x)), float(torch.trapezoid((1 - y).abs(), x)))
    return CurveResult(
        fractions=list(FRACTIONS), features=sizes, faithfulness=kept, cpr=areas[0], cmd=areas[1]
    )
