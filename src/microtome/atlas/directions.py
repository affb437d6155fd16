"""What follows from a dictionary's weights: logits, nearest features, the map."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from microtome.atlas.logits import decoder_vectors, feature_logits, final_stream, norm_scales
from microtome.atlas.map import feature_map
from microtome.atlas.neighbours import NONE, neighbours
from microtome.data import BlockSource, TokenPolicy, stream_activations
from microtome.data.block import parts
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel

_NORM_TOKENS = 8192
_ALL_PAIRS = 2**17
"""Features up to which every one is compared with every other on a CPU; their number squared
times the width is the cost."""

Arrays = dict[str, np.ndarray]
"""By the name of the column, features in order of their ids."""


def mean_norm_scale(
    model: LanguageModel, blocks: BlockSource, policy: TokenPolicy, tokens_at_once: int
) -> float:
    """The mean inverse denominator of the final norm over the first tokens of a corpus."""
    site, found, n = final_stream(model), list[Tensor](), 0
    for rows in stream_activations(
        model, parts(blocks(), tokens_at_once), [site], policy, tokens_at_once=tokens_at_once
    ):
        found.append(norm_scales(model, rows.activations[site]))
        n += len(rows)
        if n >= _NORM_TOKENS:
            break
    return float(torch.cat(found).mean()) if n else 1.0


def logit_columns(
    model: LanguageModel, dictionary: Dictionary, norm_scale: float, k: int
) -> Arrays:
    """Promoted and suppressed tokens; -1 and NaN for features that write nothing to the stream."""
    k = min(k, model.d_vocab)
    parts = []
    for i, n in enumerate(dictionary.n_features):
        found = feature_logits(model, dictionary, i, norm_scale, k)
        none = np.full((n, k), NONE, np.int32), np.full((n, k), np.nan, np.float32)
        parts.append(found or (*none, *none))
    names = ("top_tokens", "top_logits", "bottom_tokens", "bottom_logits")
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return dict(zip(names, columns, strict=True))


def all_pairs(dictionary: Dictionary, device: torch.device) -> bool:
    """Whether features are compared with those of other encoders too."""
    widths = {encoder.weight.shape[1] for encoder in dictionary.encoders}
    few = sum(dictionary.n_features) <= _ALL_PAIRS or device.type != "cpu"
    return few and len(widths) == 1


def decoder_neighbour_columns(dictionary: Dictionary, k: int, device: torch.device) -> Arrays:
    """Nearest features by the cosine of what they write."""
    return _neighbours("decoder", dictionary, k, device, lambda i: decoder_vectors(dictionary, i))


def encoder_neighbour_columns(dictionary: Dictionary, k: int, device: torch.device) -> Arrays:
    """Nearest features by the cosine of what they read."""
    return _neighbours("encoder", dictionary, k, device, lambda i: dictionary.encoders[i].weight)


def _neighbours(
    name: str,
    dictionary: Dictionary,
    k: int,
    device: torch.device,
    vectors: Callable[[int], Float[Tensor, "features d"]],
) -> Arrays:
    encoders = len(dictionary.encoders)
    ends = [0, encoders] if all_pairs(dictionary, device) else list(range(encoders + 1))
    ids, cosines, first = [], [], 0
    for start, stop in pairwise(ends):
        group = torch.cat([vectors(i).float() for i in range(start, stop)])
        found = neighbours(group, k, device)
        ids.append(np.where(found.ids == NONE, NONE, found.ids + first).astype(np.int32))
        cosines.append(found.cosines)
        first += len(group)
    return {
        f"{name}_neighbours": np.concatenate(ids),
        f"{name}_cosines": np.concatenate(cosines),
    }


def map_columns(dictionary: Dictionary, alive: np.ndarray, seed: int) -> Arrays:
    """Places of all features that were ever active; NaN for the others."""
    vectors = torch.cat(
        [decoder_vectors(dictionary, i).float() for i in range(len(dictionary.encoders))]
    )
    vectors = vectors * torch.from_numpy(alive).to(vectors)[:, None]
    found = feature_map(vectors, seed)
    return {"xy": found.xy, "cluster": found.cluster}


def rows_of(arrays: Arrays, part: range) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Columns as lists of some features, what there is none of left out."""
    for name, partner in (
        ("top_tokens", "top_logits"),
        ("bottom_tokens", "bottom_logits"),
        ("decoder_neighbours", "decoder_cosines"),
        ("encoder_neighbours", "encoder_cosines"),
        ("coactive_neighbours", "coactive_scores"),
    ):
        ids, values = arrays[name][part.start : part.stop], arrays[partner][part.start : part.stop]
        there = ids != NONE
        yield name, [row[kept] for row, kept in zip(ids, there, strict=True)]
        yield partner, [row[kept] for row, kept in zip(values, there, strict=True)]
