"""The downward sweep: gradients of many targets pulled through the frozen model at once.

A block of gradients [targets, positions, d] goes from the last layer to the first; new targets
join at their own depth, and at every layer the block is contracted with all that is written
there. Targets are sorted by depth, so that those under way are always a prefix of the block. No
autograd tape, no gather of a decoder row per pair.

A target that has just joined has a gradient at one position only. Its first attention layer is
therefore an outer product of a pattern row with one vector per head, not a product over all
positions.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.replacement import LocalReplacement
from microtome.circuit.targets import TargetRows
from microtome.dictionary import Codes
from microtome.model.frozen import FrozenAttention


@dataclass(frozen=True)
class Block:
    """Edges of the first rows of a chunk to a contiguous run of sources."""

    start: int
    """First source column."""
    values: Float[Tensor, "rows columns"]


@dataclass(frozen=True)
class ChunkEdges:
    """All edges of one chunk of targets, in the order in which the chunk holds them."""

    blocks: tuple[Block, ...]
    bias: Float[Tensor, " targets"]


@dataclass(frozen=True)
class Columns:
    """Order of sources: features by (layer, position), errors by layer, tokens, bias."""

    feature_offsets: tuple[Int[Tensor, " positions_plus_one"], ...]
    """By layer, the first column of each position's features, and the end."""
    n_features: int
    n_layers: int
    n_positions: int

    @property
    def errors(self) -> int:
        return self.n_features

    @property
    def tokens(self) -> int:
        return self.errors + self.n_layers * self.n_positions

    @property
    def bias(self) -> int:
        return self.tokens + self.n_positions

    @property
    def total(self) -> int:
        return self.bias + 1

    @staticmethod
    def of(replacement: LocalReplacement) -> "Columns":
        offsets, start = [], 0
        for codes in replacement.codes:
            offsets.append(codes.offsets + start)
            start += codes.n_active
        return Columns(tuple(offsets), start, replacement.n_layers, replacement.n_positions)


@dataclass(frozen=True)
class Written:
    """What one layer's features write at one site: activation times decoder, by position."""

    vectors: Float[Tensor, "position slot d"]
    """Padded with zeros to the position with most features."""
    slots: Int[Tensor, " entries"]
    """position * n_slots + slot of every feature, in column order."""


def _written(replacement: LocalReplacement, source: int, target: int) -> Written:
    codes: Codes = replacement.codes[source]
    counts = codes.offsets.diff()
    width = int(counts.max()) if codes.n_active else 0
    rows = codes.rows()
    within = torch.arange(codes.n_active, device=rows.device) - codes.offsets[rows]
    like = replacement.errors
    vectors = like.new_zeros(replacement.n_positions, width, like.shape[-1])
    decoder = replacement.dictionary.decoders[source]
    scaled = decoder.rows(codes.features, target, like) * codes.values[:, None]
    vectors[rows, within] = scaled
    return Written(vectors, rows * width + within)


class Sweep:
    """Everything about a prompt that a downward sweep needs, prepared once.

    Args:
        replacement: the prompt's local replacement model.
        cache_bytes: memory for decoder vectors kept between chunks; beyond it they are read
            again for every chunk.
    """

    def __init__(self, replacement: LocalReplacement, cache_bytes: int = 2 << 30):
        self.replacement = replacement
        self.columns = Columns.of(replacement)
        dictionary = replacement.dictionary
        self._writers = [
            [s for s, d in enumerate(dictionary.decoders) if layer in d.targets]
            for layer in range(replacement.n_layers)
        ]
        self._skips = [_skip_map(replacement, layer) for layer in range(replacement.n_layers)]
        self._weights = [_AttentionWeights.of(x.attention) for x in replacement.frozen.layers]
        pairs = sum(map(len, self._writers))
        entry = replacement.errors[0].numel() * replacement.errors.element_size()
        widest = max((int(c.offsets.diff().max()) for c in replacement.codes), default=0)
        fits = pairs * widest * entry <= cache_bytes
        self._read = lru_cache(maxsize=None if fits else 1)(self._read_written)

    def _read_written(self, source: int, target: int) -> Written:
        return _written(self.replacement, source, target)

    def run(self, targets: TargetRows) -> ChunkEdges:
        """Edges of a chunk of targets, which must be sorted by falling depth.

        The block of gradients takes targets x (largest position + 1) x d elements.
        """
        return _ChunkSweep(self, targets).run()


@dataclass(frozen=True)
class _AttentionWeights:
    """One layer's attention, laid out for pulling gradients back."""

    to_heads: Float[Tensor, "d heads_times_d_head"]
    to_stream: Float[Tensor, "kv_heads_times_d_head d"]
    per_head: Float[Tensor, "heads d_head d"]
    """Value map of every query head, for targets that have just joined."""

    @staticmethod
    def of(attention: FrozenAttention) -> "_AttentionWeights":
        values = attention.values.permute(1, 2, 0).contiguous()
        return _AttentionWeights(
            to_heads=attention.output.flatten(0, 1).T.contiguous(),
            to_stream=values.flatten(0, 1),
            per_head=values.repeat_interleave(attention.group, 0),
        )


def _skip_map(replacement: LocalReplacement, layer: int) -> Tensor | None:
    """Pulls a gradient on the MLP's output through the linear skip, up to the norm's scale."""
    skip = replacement.dictionary.skips[layer]
    return None if skip is None else replacement.reads[layer].fold_input(skip.T).contiguous()


class _ChunkSweep:
    """One chunk's way down; `gradient[: under_way]` are the targets that have joined."""

    def __init__(self, sweep: Sweep, targets: TargetRows):
        self.sweep = sweep
        self.targets = targets
        self.replacement = sweep.replacement
        self.width = int(targets.position.max()) + 1
        self.depths = targets.depth.tolist()
        assert self.depths == sorted(self.depths, reverse=True)
        self.under_way = 0
        n, d = targets.vector.shape
        self.gradient = targets.vector.new_zeros(n, self.width, d)
        self.bias = targets.constant.clone()
        self.feature_edges: dict[int, Tensor] = {}
        self.blocks: list[Block] = []

    def run(self) -> ChunkEdges:
        layers = self.replacement.frozen.layers
        for layer in reversed(range(self.replacement.n_layers)):
            self._join_dense(2 * layer + 2)
            self._contract_mlp(layer)
            if self.replacement.frozen.parallel:
                self._pull_parallel(layer, layers[layer].attention)
            else:
                self._pull_skip(layer)
                fresh = self._joining(2 * layer + 1)
                self._pull_attention(layer, layers[layer].attention, fresh)
        self._join_dense(0)
        self._contract_embeddings()
        return ChunkEdges(tuple(self.blocks), self.bias)

    # -- joining -------------------------------------------------------------------------------

    def _joining(self, depth: int) -> slice:
        """Rows whose depth has been reached; they are under way from now on."""
        start = self.under_way
        while self.under_way < len(self.depths) and self.depths[self.under_way] >= depth:
            self.under_way += 1
        return slice(start, self.under_way)

    def _join_dense(self, depth: int) -> None:
        rows = self._joining(depth)
        at = torch.arange(rows.start, rows.stop, device=self.bias.device)
        self.gradient[at, self.targets.position[rows]] = self.targets.vector[rows]

    # -- contraction with what is written ------------------------------------------------------

    def _contract_mlp(self, layer: int) -> None:
        n, width = self.under_way, self.width
        for source in self.sweep._writers[layer]:
            self._contract_features(source, layer)
        if layer in self.feature_edges:
            self._finish_features(layer)
        if not n:
            return
        g = self.gradient[:n]
        pair = torch.stack(
            [self.replacement.errors[layer, :width], self.replacement.constants[layer, :width]], 1
        )
        edges = torch.matmul(g.transpose(0, 1), pair.transpose(1, 2))
        start = self.sweep.columns.errors + layer * self.replacement.n_positions
        self.blocks.append(Block(start, edges[..., 0].T.contiguous()))
        self.bias[:n] += edges[..., 1].sum(0)

    def _contract_features(self, source: int, layer: int) -> None:
        n, width = self.under_way, self.width
        offsets = self.sweep.columns.feature_offsets[source]
        columns = int(offsets[width] - offsets[0])
        if not n or not columns:
            return
        written = self.sweep._read(source, layer)
        edges = torch.matmul(
            self.gradient[:n].transpose(0, 1), written.vectors[:width].transpose(1, 2)
        )
        flat = edges.permute(1, 0, 2).reshape(n, -1)[:, written.slots[:columns]]
        rows = self._rows_above(source)
        if source not in self.feature_edges:
            # a cross-layer source writes at several layers, the highest first, with fewer rows
            # under way; the block is as tall as it will be at the source's own layer
            self.feature_edges[source] = flat if rows == n else flat.new_zeros(rows, columns)
            if rows == n:
                return
        self.feature_edges[source][:n] += flat

    def _rows_above(self, source: int) -> int:
        """Rows that will be under way at a layer's MLP output."""
        return sum(depth >= 2 * source + 2 for depth in self.depths)

    def _finish_features(self, layer: int) -> None:
        start = int(self.sweep.columns.feature_offsets[layer][0])
        self.blocks.append(Block(start, self.feature_edges.pop(layer)))

    def _contract_constant(self, n: int, constant: Float[Tensor, "position d"]) -> None:
        self.bias[:n] += self.gradient[:n].flatten(1) @ constant[: self.width].flatten()

    def _contract_embeddings(self) -> None:
        frozen, width = self.replacement.frozen, self.width
        edges = (self.gradient * frozen.tokens[:width]).sum(-1)
        self.blocks.append(Block(self.sweep.columns.tokens, edges))
        self._contract_constant(len(self.bias), frozen.positions)

    # -- pulling through a layer ---------------------------------------------------------------

    def _pull_skip(self, layer: int) -> None:
        skip, n = self.sweep._skips[layer], self.under_way
        if skip is not None and n:
            self.gradient[:n] += self._through_skip(layer, skip, self.gradient[:n])

    def _through_skip(self, layer: int, skip: Tensor, g: Tensor) -> Tensor:
        return (g.flatten(0, 1) @ skip).view_as(g) * self.replacement.reads[layer].scale[
            : self.width
        ]

    def _pull_attention(self, layer: int, attention: FrozenAttention, fresh: slice) -> None:
        """Serial block: the stream before attention, old rows in full, fresh rows from one
        position."""
        weights, old = self.sweep._weights[layer], fresh.start
        self._contract_constant(old, attention.constant)
        if old:
            self._add_attention(weights, attention, self.gradient[:old], self.gradient[:old])
        if fresh.stop == old:
            return
        vector, position = self.targets.vector[fresh], self.targets.position[fresh]
        self.bias[fresh] += (vector * attention.constant[position]).sum(-1)
        n_heads, d_head, _ = weights.per_head.shape
        heads = (vector @ weights.to_heads).view(-1, n_heads, d_head)
        pulled = torch.bmm(heads.transpose(0, 1), weights.per_head).transpose(0, 1)
        looked = attention.pattern[:, position, : self.width].permute(1, 2, 0)
        torch.bmm(looked, pulled, out=self.gradient[fresh])
        at = torch.arange(fresh.start, fresh.stop, device=position.device)
        self.gradient[at, position] += vector

    def _pull_parallel(self, layer: int, attention: FrozenAttention) -> None:
        """Parallel block: attention and linear skip both read the stream that enters it."""
        n = self.under_way
        if not n:
            return
        self._contract_constant(n, attention.constant)
        g, skip = self.gradient[:n], self.sweep._skips[layer]
        through_skip = None if skip is None else self._through_skip(layer, skip, g)
        self._add_attention(self.sweep._weights[layer], attention, g, g)
        if through_skip is not None:
            g += through_skip

    def _add_attention(
        self, weights: _AttentionWeights, attention: FrozenAttention, g: Tensor, out: Tensor
    ) -> None:
        """out += the gradient g pulled through attention; g and out may be the same."""
        heads = torch.mm(g.flatten(0, 1), weights.to_heads)
        mixed = _mix(attention, heads.view(len(g), self.width, -1))
        flat = out.view(-1, out.shape[-1])
        flat.addmm_(mixed, weights.to_stream)


def _mix(
    attention: FrozenAttention, heads: Float[Tensor, "n position h"]
) -> Float[Tensor, "rows kv"]:
    """Move head gradients from queries to keys, summed over the heads that share a key head."""
    n, width, _ = heads.shape
    n_heads, d_head, _ = attention.output.shape
    groups, group = n_heads // attention.group, attention.group
    pattern = attention.pattern[:, :width, :width].unflatten(0, (groups, group))
    to_keys = pattern.permute(0, 3, 1, 2).reshape(groups, width, group * width)
    split = heads.view(n, width, groups, group, d_head).permute(2, 3, 1, 0, 4)
    mixed = torch.bmm(to_keys, split.reshape(groups, group * width, n * d_head))
    by_row = mixed.view(groups, width, n, d_head).permute(2, 1, 0, 3)
    return by_row.reshape(n * width, groups * d_head)
