"""What a graph predicts where norms are live: its replacement model, run forward."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.push import attend
from microtome.circuit.verify.measure import Bench
from microtome.circuit.verify.predict import passing, respond
from microtome.intervention import Mode
from microtome.model import Site
from microtome.model.norm import FrozenNorm

_MEMORY = 1 << 29
"""Bytes of changed streams of one batch."""


def predict_in(
    bench: Bench, changes: Float[Tensor, "batch sources"], modes: dict[str, Mode]
) -> dict[str, Float[Tensor, "batch targets"]]:
    """What the graph predicts, by mode: by its edges where norms are frozen, else `simulate`."""
    linear = respond(bench.graph, changes) @ bench.graph.edges.double().T
    live = simulate(bench, changes)
    return {name: linear if mode.norms == "frozen" else live for name, mode in modes.items()}


def simulate(
    bench: Bench, changes: Float[Tensor, "batch sources"], norms: Literal["live", "frozen"] = "live"
) -> Float[Tensor, "batch targets"]:
    """Effects of changed sources on every target, in the graph's replacement model run forward.

    Sources follow as `respond` says and attention patterns are frozen, but every norm divides by
    the size of the stream that the graph makes of it. A graph freezes norms in order to be linear;
    what they do is known, and no hypothesis of it. A norm behind attention (Gemma 2) stays frozen.

    Args:
        bench: the graph, beside the replacement model that it is of.
        changes: as `respond` takes them.
        norms: "frozen" for what the edges say, the long way.

    Returns:
        As `predict`; NaN for targets that are other directions.
    """
    row = 8 * bench.replacement.frozen.tokens.numel() * bench.replacement.errors.element_size()
    chunks = changes.double().split(max(_MEMORY // row, 1))
    return torch.cat([_Simulation(bench, chunk, norms == "live").run() for chunk in chunks])


class _Simulation:
    """Changes of the stream, carried from the first layer to the last."""

    def __init__(self, bench: Bench, changes: Float[Tensor, "batch sources"], norms_live: bool):
        self._bench, self._changes, self._norms_live = bench, changes, norms_live
        self._replacement, self._share = bench.replacement, changes.clone()
        nodes, columns = bench.graph.nodes, bench.graph.columns
        self._of = {(nodes.kind[node], int(nodes.layer[node])): [] for node in columns.tolist()}
        for column, node in enumerate(columns.tolist()):
            self._of[nodes.kind[node], int(nodes.layer[node])].append(column)

    def run(self) -> Float[Tensor, "batch targets"]:
        replacement, frozen = self._replacement, self._replacement.frozen
        seen: dict[Site, Tensor] = {}
        x = self._embedded()
        for layer, parts in enumerate(frozen.layers):
            before, norm = frozen.streams[2 * layer], replacement.reads[layer]
            mid = x + attend(parts.attention, self._through(parts.attn_norm, before, x))
            between = (before, x) if frozen.parallel else (frozen.streams[2 * layer + 1], mid)
            read = norm.linear(self._through(norm, *between))
            seen[Site.parse(replacement.dictionary.reads[layer])] = read
            self._follow(layer, read)
            x = mid + self._written(layer)
            skip = replacement.dictionary.skips[layer]
            if skip is not None:
                x = x + read @ skip
        norm = frozen.final_norm
        seen[Site("final")] = norm.linear(self._through(norm, frozen.streams[-1], x))
        return self._bench.values(seen)

    def _through(
        self,
        norm: FrozenNorm,
        x: Float[Tensor, "position d"],
        change: Float[Tensor, "batch position d"],
    ) -> Float[Tensor, "batch position d"]:
        return norm.as_frozen(x, change) if self._norms_live else change

    def _follow(self, layer: int, read: Float[Tensor, "batch position d"]) -> None:
        """Features of a layer that are not changed by themselves follow what they read."""
        graph = self._bench.graph
        rows, columns = passing(graph)
        here = graph.nodes.layer[graph.rows[rows]] == layer
        rows, columns = rows[here], columns[here]
        site = Site.parse(self._replacement.dictionary.reads[layer])
        arriving = self._bench.values({site: read})[:, rows]
        share = (arriving / graph.nodes.activation[graph.rows[rows]].double()).clamp(min=-1)
        given = self._changes[:, columns]
        self._share[:, columns] = torch.where(given == 0, share, given)

    def _embedded(self) -> Float[Tensor, "batch position d"]:
        tokens = self._replacement.frozen.tokens
        return self._placed(self._of.get(("token", -1), []), tokens)

    def _written(self, layer: int) -> Float[Tensor, "batch position d"]:
        """Changes of what sources write beside the MLP of a layer."""
        errors = self._replacement.errors
        out = self._placed(self._of.get(("error", layer), []), errors[layer])
        nodes = self._bench.graph.nodes
        for source, decoder in enumerate(self._replacement.dictionary.decoders[: layer + 1]):
            columns = self._of.get(("feature", source))
            if not columns or layer not in decoder.targets:
                continue
            sources = self._bench.graph.columns[columns]
            rows = decoder.rows(nodes.feature[sources].to(errors.device), layer, errors)
            rows = rows * nodes.activation[sources].to(rows)[:, None]
            share = self._share[:, columns].to(rows)
            out.index_add_(1, nodes.position[sources].to(out.device), share[:, :, None] * rows)
        return out

    def _placed(
        self, columns: list[int], vectors: Float[Tensor, "position d"]
    ) -> Float[Tensor, "batch position d"]:
        """Shares of one vector a position."""
        out = vectors.new_zeros(len(self._share), *vectors.shape)
        at = self._bench.graph.nodes.position[self._bench.graph.columns[columns]]
        out[:, at] = self._share[:, columns].to(out)[:, :, None] * vectors[at]
        return out
