"""Collecting: one pass over a corpus, after which every feature's own data are known."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.atlas import candidates_loops as loops
from microtome.atlas.candidates import (
    POSITION_EDGES,
    Candidates,
    empty_candidates,
    plain,
    to_arrays,
)
from microtome.atlas.encode import encode_all
from microtome.atlas.fits import check_width
from microtome.atlas.options import BuildOptions
from microtome.atlas.sampled_rows import SampledRow, SampledRows
from microtome.atlas.share import Share
from microtome.data import TokenPolicy, stream_activations
from microtome.data.block import Block
from microtome.dictionary import Codes, Dictionary
from microtome.dictionary.kernels.cpu_loops import by_feature
from microtome.model import LanguageModel


@dataclass
class Collected:
    """All that is kept of a part of the corpus; parts of several processes merge."""

    candidates: Candidates
    rows: SampledRows
    vocabulary: Int[np.ndarray, " token"]
    """How often each token occurred and counted."""

    @staticmethod
    def empty(features: int, vocabulary: int, options: BuildOptions) -> "Collected":
        rows = SampledRows(options.sampled_tokens, options.sampled_activations, options.seed)
        return Collected(
            empty_candidates(features, options), rows, np.zeros(vocabulary, dtype=np.int64)
        )

    @property
    def tokens(self) -> int:
        """That counted."""
        return int(self.vocabulary.sum())

    @property
    def n_features(self) -> int:
        return len(self.candidates.totals.active)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        candidates, rows = to_arrays(self.candidates), self.rows.to_arrays()
        return candidates | rows | {"vocabulary": self.vocabulary}

    def merge(self, arrays: dict[str, np.ndarray]) -> None:
        """Add what another process collected on passes of its own."""
        groups = {
            name: type(group)(**{key: arrays[f"{name}.{key}"] for key in group._fields})
            for name, group in self.candidates._asdict().items()
        }
        loops.merge(plain(self.candidates), plain(Candidates(**groups)), 0, self.n_features)
        self.vocabulary += arrays["vocabulary"]
        self.rows.add_arrays(arrays)

    @staticmethod
    def restore(arrays: dict[str, np.ndarray], options: BuildOptions) -> "Collected":
        """As it was when the checkpoint was made."""
        features, vocabulary = len(arrays["totals.active"]), len(arrays["vocabulary"])
        made = Collected.empty(features, vocabulary, options)
        for name, array in to_arrays(made.candidates).items():
            array[...] = arrays[name]
        made.vocabulary[:] = arrays["vocabulary"]
        made.rows.add_arrays(arrays)
        return made


@dataclass
class Collector:
    """Takes forward passes, one after another."""

    model: LanguageModel
    dictionary: Dictionary
    options: BuildOptions
    other: LanguageModel | None = None
    _ready: Dictionary = field(init=False)
    _first_ids: list[int] = field(init=False)

    def __post_init__(self):
        self._ready = self.dictionary.to(self.model.device, torch.float32)
        self._first_ids = first_ids(self.dictionary)

    @property
    def policy(self) -> TokenPolicy:
        return TokenPolicy.of(self.dictionary)

    @torch.no_grad()
    def run(
        self,
        share: Share,
        collected: Collected,
        done: int = 0,
        digest: str = "",
        after: Callable[[int], object] = lambda done: None,
    ) -> None:
        """Collect from this process's share of the corpus.

        Args:
            share: of the forward passes.
            collected: is added to.
            done: passes of all processes that are done already.
            digest: of the tokens of those.
            after: called behind every pass, with the passes done.

        Raises:
            MicrotomeError: another corpus than before, or activations that are not finite.
        """
        waiting: deque[tuple[int, Block]] = deque()

        def blocks() -> Iterator[Block]:
            for number, block in share.passes(done, digest):
                waiting.append((number, block))
                yield block

        for rows in stream_activations(
            self.model,
            blocks(),
            self.dictionary.reads,
            self.policy,
            self.other,
            self.options.tokens_at_once,
            device=self.model.device,
        ):
            number, block = waiting.popleft()
            for site, x in rows.activations.items():
                check_width(self.dictionary, x.shape[1], site)
            codes = encode_all(self._ready, rows.activations)
            counts = self.policy.counts(self.model, block.tokens)
            self._add(collected, number, block, counts, codes)
            after(number + 1)

    def _add(
        self,
        collected: Collected,
        number: int,
        block: Block,
        counts: Bool[Tensor, "batch position"],
        codes: list[Codes],
    ) -> None:
        """Offer the activations of one pass to what is kept."""
        mask = counts.cpu().flatten().numpy()
        flat = np.flatnonzero(mask)
        tokens = block.tokens.cpu().flatten().numpy()
        length, options = block.tokens.shape[1], self.options
        collected.vocabulary += np.bincount(tokens[flat], minlength=len(collected.vocabulary))
        edges = np.array(POSITION_EDGES)
        buckets = np.searchsorted(edges, np.arange(length), side="right") - 1
        documents = block.documents.cpu().flatten().numpy()
        part = (number, tokens, documents, buckets, length, options.before, options.after)
        for first_id, one in zip(self._first_ids, codes, strict=True):
            entries = _by_feature(one, flat)
            arguments = (entries, part, first_id, options.seed, plain(collected.candidates))
            loops.collect(*arguments, 0, one.n_features)
        self._sample_rows(collected.rows, number, tokens, mask, length, codes)

    def _sample_rows(
        self,
        sampled: SampledRows,
        number: int,
        tokens: Int[np.ndarray, " flat"],
        counts: Bool[np.ndarray, " flat"],
        length: int,
        codes: list[Codes],
    ) -> None:
        """Keep whole rows that the sample wants."""
        before = np.concatenate([[0], np.cumsum(counts)])
        for start in range(0, len(tokens), length):
            key = sampled.wants((number << 32) | start)
            if key is None:
                continue
            at = slice(start, start + length)
            positions, features, values = [], [], []
            where = np.flatnonzero(counts[at])
            for first_id, one in zip(self._first_ids, codes, strict=True):
                offsets = one.offsets.numpy()[before[start] : before[start + length] + 1]
                entries = slice(offsets[0], offsets[-1])
                positions.append(np.repeat(where, np.diff(offsets)).astype(np.int32))
                features.append(one.features.numpy()[entries].astype(np.int32) + first_id)
                values.append(one.values.numpy()[entries].copy())
            sampled.add(
                SampledRow(
                    key,
                    tokens[at].astype(np.int32),
                    counts[at].copy(),
                    np.concatenate(positions),
                    np.concatenate(features).astype(np.int32),
                    np.concatenate(values),
                )
            )


def first_ids(dictionary: Dictionary) -> list[int]:
    """The id of the first feature of every encoder."""
    return [sum(dictionary.n_features[:i]) for i in range(len(dictionary.encoders))]


def _by_feature(
    codes: Codes, flat: Int[np.ndarray, " row"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Offsets of features; flat token index, value and its bits of every activation in order."""
    offsets = np.empty(codes.n_features + 1, np.int64)
    rows, order = np.empty(codes.n_active, np.int64), np.empty(codes.n_active, np.int64)
    by_feature(codes.offsets.numpy(), codes.features.numpy(), offsets, rows, order)
    values = codes.values.numpy()[order]
    return offsets, flat[rows], values, values.view(np.int32)
