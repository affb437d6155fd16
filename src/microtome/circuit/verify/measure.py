"""What interventions do on the real model, to the targets of a graph."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.replacement import LocalReplacement, build_replacement
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention import Baseline, Clamps, Mode, clamp, hold
from microtome.model import LanguageModel, Run, Site
from microtome.model.frozen import wide

MODES: dict[str, Mode] = {
    "held": Mode(attention="frozen", norms="frozen"),
    "frozen": Mode(attention="frozen"),
    "live": Mode(),
}
"""What is held while MLPs always follow: attention and norms; attention; nothing."""

_MEMORY = 1 << 29
"""Bytes of activations and logits of one batch."""


@dataclass(frozen=True)
class Change:
    """Some nodes of a graph, changed by one share: -1 takes them away, 1 doubles them."""

    nodes: tuple[int, ...]
    share: float


@dataclass(frozen=True, eq=False)
class Bench:
    """A graph beside the model and dictionary that it is of, ready for interventions."""

    graph: Graph
    baseline: Baseline
    replacement: LocalReplacement

    @property
    def model(self) -> LanguageModel:
        return self.baseline.model

    @property
    def dictionary(self) -> Dictionary:
        return self.replacement.dictionary

    @cached_property
    def column_of(self) -> dict[int, int]:
        """By node, its column as a source."""
        return {node: i for i, node in enumerate(self.graph.columns.tolist())}

    @cached_property
    def testable(self) -> tuple[int, ...]:
        """Rows whose effect can be measured: logits, their differences and features, not other
        directions, which a graph does not record."""
        return tuple(
            row
            for row, node in enumerate(self.graph.rows.tolist())
            if self.graph.nodes.kind[node] == "feature" or self.read_by_unembedding(node)
        )

    def read_by_unembedding(self, node: int) -> tuple[int, int | None] | None:
        """The token of a logit, or the two of a difference; None for other nodes."""
        nodes = self.graph.nodes
        if nodes.kind[node] == "logit":
            return int(nodes.feature[node]), None
        pair = self.graph.info.get("differences", {}).get(nodes.label[node])
        if nodes.kind[node] == "direction" and pair is not None:
            return int(pair[0]), int(pair[1])
        return None

    def unembedded(self, node: int) -> Float[Tensor, " d"]:
        """The direction of a logit, against the mean of all, or of a difference."""
        found = self.read_by_unembedding(node)
        assert found is not None
        plus, minus = found
        unembed = self.replacement.frozen.unembed
        against = unembed.mean(-1) if minus is None else unembed[:, minus]
        return unembed[:, plus] - against

    def shares(self, changes: list[Change]) -> Float[Tensor, "batch sources"]:
        """As `predict` takes them."""
        out = torch.zeros(len(changes), len(self.graph.columns), dtype=torch.float64)
        for row, change in enumerate(changes):
            out[row, [self.column_of[node] for node in change.nodes]] = change.share
        return out

    def measure(
        self, changes: list[Change], mode: Mode, controls: dict[int, tuple[int, int]] | None = None
    ) -> Float[Tensor, "batch targets"]:
        """Change of every target's pre-activation or logit on the real model; NaN for targets
        that are other directions.

        Features are clamped, tokens and errors added to where they enter the stream.

        Args:
            changes: one for each row of the result.
            mode: what is held.
            controls: by node, the encoder and feature that takes its place: changed by as much,
                at the same position.
        """
        without = self.values(self._run([Change((), 0.0)], mode, {}).activations)
        parts = [
            self.values(self._run(some, mode, controls or {}).activations) - without
            for some in self._batches(changes)
        ]
        return torch.cat([without[:0], *parts])

    @cached_property
    def batch_size(self) -> int:
        """Rows whose activations and logits fit into the memory of a batch."""
        model = self.model
        width = model.d_vocab + (2 * model.n_layers + 2) * model.d_model
        return max(_MEMORY // (self.baseline.n_positions * width * 4), 1)

    @cached_property
    def asked(self) -> list[int]:
        """Testable rows that were asked for: what influence is counted from."""
        return [row for row in self.testable if float(self.graph.weights[row]) > 0]

    def clamped(self, clamps: Clamps, rows: int, mode: Mode) -> Float[Tensor, "batch targets"]:
        """The targets asked for with features clamped; NaN for others."""
        run = clamp(self.baseline, clamps, {}, rows, mode, [Site("final"), *self._reads])
        return self.values(run.activations, self.asked)

    @cached_property
    def _capture(self) -> list[Site]:
        return [*self._reads, Site("final")]

    @property
    def _reads(self) -> list[Site]:
        return [Site.parse(name) for name in self.dictionary.reads]

    def _batches(self, changes: list[Change]) -> Iterator[list[Change]]:
        size = self.batch_size
        for start in range(0, len(changes), size):
            yield changes[start : start + size]

    def _run(self, changes: list[Change], mode: Mode, controls: dict[int, tuple[int, int]]) -> Run:
        nodes = self.graph.nodes
        rows: list[tuple[int, int, int, int, float]] = []
        added: dict[Site, Tensor] = {}
        for row, change in enumerate(changes):
            for node in change.nodes:
                layer, position = int(nodes.layer[node]), int(nodes.position[node])
                kind = nodes.kind[node]
                if kind == "feature":
                    key = (layer, int(nodes.feature[node]))
                    amount = change.share * float(nodes.activation[node])
                    instead = controls.get(node, key)
                    new = self._activation(*instead, position) + amount
                    rows.append((row, instead[0], position, instead[1], new))
                    continue
                site, vector = self._source(kind, layer, position)
                if site not in added:
                    shape = (len(changes), self.baseline.n_positions, len(vector))
                    added[site] = vector.new_zeros(shape)
                added[site][row, position] += change.share * vector
        return clamp(self.baseline, _clamps(rows), added, len(changes), mode, self._capture)

    def _activation(self, layer: int, feature: int, position: int) -> float:
        """Without a change."""
        at = torch.tensor([position])
        return float(self.baseline.activations(layer, at, torch.tensor([feature]))[0])

    def _source(self, kind: str, layer: int, position: int) -> tuple[Site, Tensor]:
        """Where a token or an error enters the stream, and what."""
        if kind == "token":
            return Site("embed"), self.replacement.frozen.tokens[position]
        if kind == "error":
            return Site("mlp.out", layer), self.replacement.errors[layer, position]
        raise MicrotomeError(f"{kind} nodes cannot be changed: they are not one thing in the model")

    def values(
        self, activations: Mapping[Site, Tensor], rows: Sequence[int] | None = None
    ) -> Float[Tensor, "batch targets"]:
        """Targets as the graph counts them: a feature without its encoder's bias, a logit
        against the mean of all, before any soft-cap and bias.

        Args:
            activations: of sites that targets read; or changes of these.
            rows: those wanted, by default all.

        Returns:
            NaN for targets that read another site, or are not wanted.
        """
        batch = len(next(iter(activations.values())))
        out = torch.full((batch, len(self.graph.rows)), float("nan"), dtype=torch.float64)
        for site, x in activations.items():
            reading = self._readings.get(site)
            if reading is None:
                continue
            wanted = list(range(len(reading.rows)))
            if rows is not None:
                wanted = [i for i in wanted if reading.rows[i] in set(rows)]
            if not wanted:
                continue
            read = wide(x[:, reading.positions[wanted]])
            found = torch.einsum("bnd,nd->bn", read, reading.directions[wanted].to(read))
            out[:, [reading.rows[i] for i in wanted]] = found.double().cpu()
        return out

    @cached_property
    def _readings(self) -> dict[Site, "_Reading"]:
        """By site, the testable rows that are read there."""
        nodes, by_site = self.graph.nodes, defaultdict[Site, list[tuple[int, int, Tensor]]](list)
        for row in self.testable:
            node = int(self.graph.rows[row])
            layer, feature = int(nodes.layer[node]), int(nodes.feature[node])
            if nodes.kind[node] == "feature":
                site = Site.parse(self.dictionary.reads[layer])
                direction = self.dictionary.encoders[layer].weight[feature]
            else:
                site, direction = Site("final"), self.unembedded(node)
            by_site[site].append((row, int(nodes.position[node]), direction))
        return {
            site: _Reading(
                tuple(row for row, _, _ in entries),
                torch.tensor([position for _, position, _ in entries]),
                torch.stack([direction for _, _, direction in entries]),
            )
            for site, entries in by_site.items()
        }


@dataclass(frozen=True)
class _Reading:
    rows: tuple[int, ...]
    positions: Int[Tensor, " rows"]
    directions: Float[Tensor, "rows d"]


def _clamps(rows: list[tuple[int, int, int, int, float]]) -> Clamps:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    row, encoder, position, feature = (torch.tensor(c, dtype=torch.long) for c in columns[:4])
    return Clamps(row, encoder, position, feature, torch.tensor(columns[4], dtype=torch.float64))


def bench(graph: Graph, model: LanguageModel, dictionary: Dictionary) -> Bench:
    """Put a graph beside the model and dictionary that it was traced with.

    Raises:
        MicrotomeError: their fingerprints are not those that the graph records, or it was made
            by another tool and records none.
    """
    check_fingerprints(graph, model, dictionary)
    tokens = torch.tensor([graph.prompt.tokens])
    skipped = tuple(graph.info.get("skip_positions", (0,)))
    replacement = build_replacement(model, dictionary, tokens, skipped)
    made = Bench(graph, hold(model, tokens, dictionary), replacement)
    if not made.asked:
        raise MicrotomeError(
            "what the graph explains is a direction that it does not record, so nothing can be "
            "measured; trace tokens, their difference or a feature"
        )
    return made


def check_fingerprints(graph: Graph, model: LanguageModel, dictionary: Dictionary) -> None:
    """
    Raises:
        MicrotomeError: the graph is of another model or dictionary, or does not say of which; or
            it was merged from several prompts.
    """
    if graph.info.get("merged"):
        raise MicrotomeError(
            "the graph was merged from several prompts, so no run of the model is its own; test "
            "the graphs that it was merged from"
        )
    for what, loaded in (("model", model), ("dictionary", dictionary)):
        recorded = graph.info.get(f"{what}_fingerprint")
        if not recorded:
            raise MicrotomeError(
                f"the graph does not record the {what} that it is of, so it cannot be tested; "
                f"trace the prompt with microtome"
            )
        if recorded != loaded.fingerprint:
            raise MicrotomeError(
                f"the graph is of another {what} ({graph.info.get(what)}, fingerprint "
                f"{recorded}) than the one loaded ({loaded.name}, {loaded.fingerprint}); load "
                f"that one, or trace the prompt again"
            )
