"""Attribution: the linear effect of every source on every target of one prompt.

A[t, s] = activation of s times the decoder of s, summed over the layers it writes to, dotted
with the gradient of target t's pre-activation there (Ameisen et al. 2025, "Circuit Tracing").
Error, token and bias sources have their own vector in place of activation times decoder.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.edges import EdgeStore
from microtome.circuit.replacement import ActiveFeatures, LocalReplacement
from microtome.circuit.sweep import Sweep
from microtome.circuit.targets import TargetRows, feature_rows

ROUNDS = 6
"""Times that influence is looked at again while features are chosen under a budget."""

MAX_PADDING = 0.1
"""Share of a chunk that may be positions its targets cannot see."""

Progress = Callable[[int, int], None]
"""Called with rows done and rows to do."""


@dataclass(frozen=True)
class Attribution:
    """All edges of a prompt, rectangular: rows are targets, columns are sources.

    Rows: the targets asked for, then the expanded features. Columns: those features in the same
    order, then errors by layer and position, tokens, bias.
    """

    edges: Float[Tensor, "targets sources"]
    features: ActiveFeatures
    """The expanded features."""
    row_columns: Int[Tensor, " targets"]
    """Column of each row's node, -1 for targets that are not a source."""
    unexpanded: Float[Tensor, " targets"]
    """Sum of the edges from active features that a budget left out."""
    unexpanded_mass: Float[Tensor, " targets"]
    """The same, of absolute edges."""
    value: Float[Tensor, " targets"]
    """What the model computed for each target, less the feature's own encoder bias."""
    residual: Float[Tensor, " targets"]
    """|sum of the row - value| over the row's absolute mass."""
    n_active: int
    """Active features of the prompt, expanded or not."""

    @property
    def is_capped(self) -> bool:
        """Whether a budget left active features out."""
        return self.n_active > len(self.features)


def attribute(
    replacement: LocalReplacement,
    targets: TargetRows,
    weights: Float[Tensor, " targets"],
    target_columns: Int[Tensor, " targets"] | None = None,
    max_features: int | None = None,
    memory_bytes: int = 2 << 30,
    progress: Progress | None = None,
) -> Attribution:
    """Compute the attribution graph of one prompt.

    Args:
        replacement: the prompt's local replacement model.
        targets: what the graph explains.
        weights: share of each target in the influence by which features are chosen.
        target_columns: for targets that are themselves active features, their column.
        max_features: expand at most so many active features, the most influential first.
        memory_bytes: for gradients under way, besides the edges themselves.
        progress: called as rows are done.
    """
    active = replacement.active_features()
    budget = len(active) if max_features is None else min(max_features, len(active))
    sweep = Sweep(replacement, cache_bytes=memory_bytes // 2)
    store = EdgeStore(sweep.columns)
    if target_columns is None:
        target_columns = torch.full_like(targets.depth, -1)
    rows = _Rows(sweep, store, memory_bytes // 2, progress, len(targets) + budget)
    rows.add(targets, target_columns, torch.arange(len(targets), device=weights.device))
    expanded = torch.zeros(len(active), dtype=torch.bool, device=weights.device)
    given = target_columns[target_columns >= 0]
    expanded[given] = True
    rounds = 1 if budget == len(active) else ROUNDS
    for turn in range(rounds):
        wanted = budget - (int(expanded.sum()) - len(given))
        size = -(-wanted // (rounds - turn))
        chosen = _choose(rows, weights, expanded, size)
        expanded[chosen] = True
        features = feature_rows(replacement, active.select(chosen))
        rows.add(features, chosen, chosen + len(targets))
    return _collect(rows, active, expanded)


def _choose(rows: "_Rows", weights: Tensor, expanded: Tensor, size: int) -> Tensor:
    """The `size` most influential features that are not expanded yet."""
    left = (~expanded).nonzero()[:, 0]
    if size >= len(left):
        return left
    number = torch.cat(rows.numbers)
    padded = torch.cat([weights, weights.new_zeros(1)])
    influence = rows.store.influence(padded[number.clamp(max=len(weights))])
    best = influence[left].topk(size).indices
    return left[best].sort().values


class _Rows:
    """Runs sweeps over targets in chunks and keeps what they found in the store."""

    def __init__(
        self,
        sweep: Sweep,
        store: EdgeStore,
        gradient_bytes: int,
        progress: Progress | None,
        total: int,
    ):
        self.sweep = sweep
        self.store = store
        self.gradient_bytes = gradient_bytes
        self.progress = progress
        self.total = total
        self.values: list[Tensor] = []
        self.numbers: list[Tensor] = []

    def add(
        self,
        targets: TargetRows,
        columns: Int[Tensor, " targets"],
        numbers: Int[Tensor, " targets"],
    ) -> None:
        """Sweep some targets; `columns` are theirs as sources, `numbers` order the result."""
        for chunk in _chunks(targets, self.gradient_bytes):
            part = targets.select(chunk)
            self.store.add(self.sweep.run(part), columns[chunk])
            self.values.append(part.value)
            self.numbers.append(numbers[chunk])
            if self.progress:
                self.progress(self.store.n_rows, self.total)


def _chunks(targets: TargetRows, gradient_bytes: int) -> Iterator[Int[Tensor, " chunk"]]:
    """Targets by position, cut where a chunk would be too large or too much of it padding;
    each chunk sorted by falling depth."""
    d, size = targets.vector.shape[1], targets.vector.element_size()
    # gradients, heads and two copies of them while positions are mixed
    limit = max(gradient_bytes // (4 * d * size), 1)
    order = targets.position.argsort(stable=True)
    positions = (targets.position[order] + 1).tolist()
    start = cells = 0
    for stop in range(1, len(positions) + 1):
        cells += positions[stop - 1]
        if stop < len(positions):
            grown = (stop + 1 - start) * positions[stop]
            padding = 1 - (cells + positions[stop]) / grown
            if grown <= limit and padding <= MAX_PADDING:
                continue
        chunk = order[start:stop]
        yield chunk[targets.depth[chunk].argsort(descending=True, stable=True)]
        start, cells = stop, 0


def _collect(rows: _Rows, active: ActiveFeatures, expanded: Tensor) -> Attribution:
    store, columns = rows.store, rows.store.columns
    device = expanded.device
    others = torch.arange(columns.errors, columns.total, device=device)
    kept = torch.cat([expanded.nonzero()[:, 0], others])
    place = torch.full((columns.total,), -1, device=device)
    place[kept] = torch.arange(len(kept), device=device)
    stored = torch.cat(store.row_columns)
    order = torch.cat(rows.numbers).argsort()
    sums, mass = store.sums(), store.mass
    value = torch.cat(rows.values)
    residual = (sums - value).abs() / mass.clamp(min=torch.finfo(mass.dtype).tiny)
    edges, left_sum, left_mass = store.assemble(kept, order)
    row_columns = torch.where(stored >= 0, place[stored.clamp(min=0)], -1)[order]
    return Attribution(
        edges=edges,
        features=active.select(expanded.nonzero()[:, 0]),
        row_columns=row_columns,
        unexpanded=left_sum,
        unexpanded_mass=left_mass,
        value=value[order],
        residual=residual[order],
        n_active=len(active),
    )
