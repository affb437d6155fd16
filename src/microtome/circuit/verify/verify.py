"""Testing a graph: what it predicts of interventions against what they do on the real model."""

import time
from collections.abc import Callable, Sequence

import torch

from microtome.circuit.graph import Graph
from microtome.circuit.prune import Pruned, prune
from microtome.circuit.supernode import group, saved_groups
from microtome.circuit.verify.agreement import Agreement, agreement
from microtome.circuit.verify.circuit import ablate_circuit
from microtome.circuit.verify.controls import random_controls
from microtome.circuit.verify.document import (
    DistanceRow,
    ModeResult,
    Verification,
    VerifyOptions,
)
from microtome.circuit.verify.groups import Tested, Unit, effects_of, judge_edges
from microtome.circuit.verify.measure import MODES, Bench, Change, bench
from microtome.circuit.verify.simulate import predict_in
from microtome.circuit.verify.verdict import MUCH_ERROR, belief
from microtome.circuit.view import ViewState
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide

BEST_GROUPS = 10
_LARGEST = 1e6
"""Share by which something is changed."""
Progress = Callable[[int, int], None]


@torch.no_grad()
def verify(
    graph: Graph,
    model: LanguageModel,
    dictionary: Dictionary,
    options: VerifyOptions | None = None,
    state: ViewState | None = None,
    progress: Progress = lambda done, total: None,
) -> Verification:
    """Test a graph on the real model.

    Nodes and groups are changed by a sweep of sizes, and what happens to the targets and to every
    downstream feature is compared with what the graph predicts (`predict`), beside the same
    changes of random features. The circuit as a whole is ablated, and kept alone (`circuit`).
    All of it with attention and norms frozen ("held": what the graph assumes), with attention
    frozen, and live.

    Args:
        graph: traced by microtome.
        model: that it was traced on.
        dictionary: that it was traced with.
        options: sizes, thresholds, how many nodes.
        state: supernodes, tested as they are; by default those saved with the graph. Where `group`
            made none of them, what is left is grouped here.
        progress: called with steps done and steps to do.

    Raises:
        MicrotomeError: the graph is of another model or dictionary, or has no feature that is
            left to test; or options that cannot be.
    """
    started, options = time.monotonic(), options or VerifyOptions()
    _check(options)
    tested_on = bench(graph, model, dictionary)
    pruned = prune(graph, options.node_threshold, options.edge_threshold)
    single, groups = _single(pruned, options), _groups(pruned, state)
    from_errors = _error_influence(graph)
    if not single and from_errors <= MUCH_ERROR:  # where errors hold it all, that is the verdict
        raise MicrotomeError(
            f"no feature of the graph is left at thresholds {options.node_threshold:g} for nodes "
            f"and {options.edge_threshold:g} for edges, so there is nothing to test; raise them, "
            f"or trace with more features"
        )
    steps = _Steps(progress, 4 * len(MODES) + len(MODES))
    nodes = _test(tested_on, single, options, steps)
    wholes = _test(tested_on, groups, options, steps)
    modes, best = {}, BEST_GROUPS * len(options.sizes)
    circuit = pruned.nodes.nonzero()[:, 0]
    for name, mode in MODES.items():
        whole = ablate_circuit(tested_on, circuit, mode, options.seed)
        steps()
        modes[name] = ModeResult(
            logits=_on_targets(tested_on, nodes, name),
            logits_control=_on_targets(tested_on, nodes, name, control=True),
            groups=_on_targets(tested_on, wholes, name, best),
            groups_control=_on_targets(tested_on, wholes, name, best, control=True),
            by_distance=_by_distance(tested_on, nodes, name),
            circuit=whole,
        )
    by_layer, by_token = error_shares(tested_on)
    verdict, reasons = belief(modes, from_errors, tested_on.replacement.fvu)
    return Verification(
        model_fingerprint=model.fingerprint,
        dictionary_fingerprint=dictionary.fingerprint,
        options=options,
        sizes=list(options.sizes),
        seconds=time.monotonic() - started,
        belief=verdict,
        reasons=reasons,
        modes=modes,
        groups=effects_of(tested_on, groups, options.sizes, wholes),
        edges=judge_edges(tested_on, pruned, groups, options.sizes, wholes),
        error_by_layer=by_layer,
        error_by_token=by_token,
        error_influence=from_errors,
    )


def _check(options: VerifyOptions) -> None:
    sizes = options.sizes
    if not sizes or not all(size and abs(size) < _LARGEST for size in sizes):
        raise MicrotomeError(f"sizes {sizes} are not numbers other than 0 below {_LARGEST:g}")
    if len(set(sizes)) < len(sizes):
        raise MicrotomeError(f"sizes {sizes} name one twice; name each once")
    if options.nodes < 1:
        raise MicrotomeError(f"{options.nodes} nodes cannot be tested; take 1 or more")
    if not 0 <= options.seed < 2**63:
        raise MicrotomeError(f"seed {options.seed} is not between 0 and 2**63 - 1")


def _error_influence(graph: Graph) -> float:
    """Share of the influence that starts at errors, not at tokens."""
    errors, tokens = (
        float(graph.influence[graph.nodes.where(kind)].sum()) for kind in ("error", "token")
    )
    return errors / (tokens + errors) if tokens + errors else 0.0


class _Steps:
    def __init__(self, progress: Progress, total: int):
        self._progress, self._done, self._total = progress, 0, total
        progress(0, total)

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _single(pruned: Pruned, options: VerifyOptions) -> list[Unit]:
    """The features of the circuit, one by one, the most influential first."""
    graph = pruned.graph
    features = [i for i in graph.nodes.where("feature").tolist() if bool(pruned.nodes[i])]
    features.sort(key=lambda i: (-float(pruned.influence[i]), i))
    return [
        Unit(graph.nodes.name(i), (i,), float(pruned.influence[i]))
        for i in features[: options.nodes]
    ]


def _groups(pruned: Pruned, state: ViewState | None) -> list[Unit]:
    """Supernodes, features that are alone, tokens and errors, by influence."""
    graph = pruned.graph
    grouping = saved_groups(pruned, state) or group(pruned, state=state)
    units = [Unit(g.label, g.members, g.influence) for g in grouping.groups]
    for kind in ("token", "error"):
        for i in graph.nodes.where(kind).tolist():
            if bool(pruned.nodes[i]):
                label = graph.nodes.label[i] or graph.nodes.name(i)
                units.append(Unit(label, (i,), float(pruned.influence[i])))
    return _named_once(sorted(units, key=lambda unit: -unit.influence))


def _named_once(units: list[Unit]) -> list[Unit]:
    """Labels that several share get a number."""
    seen: dict[str, int] = {}
    out = []
    for unit in units:
        seen[unit.label] = n = seen.get(unit.label, 0) + 1
        out.append(unit if n == 1 else Unit(f"{unit.label} ({n})", unit.nodes, unit.influence))
    return out


def _test(tested_on: Bench, units: Sequence[Unit], options: VerifyOptions, steps: _Steps) -> Tested:
    changes = [Change(unit.nodes, size) for unit in units for size in options.sizes]
    features = set(tested_on.graph.nodes.where("feature").tolist())
    nodes = sorted({node for unit in units for node in unit.nodes} & features)
    controls = random_controls(tested_on, nodes, options.seed)
    only = [i for i, change in enumerate(changes) if set(change.nodes) <= set(controls)]
    measured, beside = {}, {}
    for name, mode in MODES.items():
        measured[name] = tested_on.measure(changes, mode)
        steps()
        values = torch.full_like(measured[name], float("nan"))
        if only:
            values[only] = tested_on.measure([changes[i] for i in only], mode, controls)
        beside[name] = values
        steps()
    predicted = predict_in(tested_on, tested_on.shares(changes), MODES)
    return Tested(changes, predicted, measured, beside)


def _on_targets(
    tested_on: Bench, tested: Tested, mode: str, first: int | None = None, control: bool = False
) -> Agreement:
    """Effects on the targets asked for of changes of features, the `first` of them or all."""
    features = set(tested_on.graph.nodes.where("feature").tolist())
    rows = [i for i, c in enumerate(tested.changes) if c.nodes and set(c.nodes) <= features]
    rows = rows[:first]
    source = torch.tensor([tested.changes[i].nodes[0] for i in rows], dtype=torch.long)
    at = torch.tensor(rows, dtype=torch.long)[:, None], torch.tensor(tested_on.asked)
    values = (tested.controls if control else tested.measured)[mode]
    pairs = source[:, None].expand(-1, len(tested_on.asked))
    return agreement(tested.predicted[mode][at], values[at], pairs)


def _by_distance(tested_on: Bench, tested: Tested, mode: str) -> list[DistanceRow]:
    """Effects on features downstream, by how many layers they are away."""
    graph = tested_on.graph
    kinds = torch.tensor([graph.nodes.kind[i] == "feature" for i in graph.rows.tolist()])
    source = torch.tensor([change.nodes[0] for change in tested.changes], dtype=torch.long)
    away = graph.nodes.layer[graph.rows][None] - graph.nodes.layer[source][:, None]
    reached = kinds[None] & (tested.predicted[mode] != 0)
    pairs = source[:, None].expand_as(away)
    rows = []
    for distance in sorted(set(away[reached].tolist())):
        at = reached & (away == distance)
        found, control = (
            agreement(tested.predicted[mode][at], values[mode][at], pairs[at])
            for values in (tested.measured, tested.controls)
        )
        rows.append(DistanceRow(distance=distance, agreement=found, control=control))
    return rows


def error_shares(tested_on: Bench) -> tuple[list[float], list[float | None]]:
    """Share of the variance of MLP outputs in errors: by layer, and by token."""
    replacement = tested_on.replacement
    n, skipped = replacement.n_positions, set(replacement.skip_positions)
    kept = [p for p in range(n) if p not in skipped]
    out = torch.stack(
        [
            wide(tested_on.baseline.run[Site("mlp.out", layer)][0])
            for layer in range(replacement.n_layers)
        ]
    )
    varying = (out[:, kept] - out[:, kept].mean(1, keepdim=True)).pow(2).sum(-1)
    errors = replacement.errors[:, kept].pow(2).sum(-1)
    tiny = torch.finfo(varying.dtype).tiny
    by_layer = (errors.sum(1) / varying.sum(1).clamp(min=tiny)).tolist()
    shares = iter((errors.sum(0) / varying.sum(0).clamp(min=tiny)).tolist())
    return by_layer, [None if p in skipped else next(shares) for p in range(n)]
