"""How much the roles of two features are alike: profiles, geometry, statistics."""

import re
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from microtome.atlas.query import Atlas
from microtome.circuit.graph import Graph
from microtome.circuit.supernode.flow import Flow
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model.site import Site

PARTS = {
    "inputs": 1.0,
    "outputs": 1.0,
    "decoder": 0.5,
    "encoder": 0.5,
    "promotes": 0.25,
    "active_on": 0.25,
    "label": 0.5,
}
"""Weights: what features do in this graph counts most, what is known of them elsewhere less."""

Likeness = Float[np.ndarray, "features features"]


def likeness(
    flow: Flow, graph: Graph, dictionary: Dictionary | None = None, atlas: Atlas | None = None
) -> Likeness:
    """Weighted mean of the cosines of `PARTS` that are known; 1 for features alike in all.

    Raises:
        MicrotomeError: a dictionary or an atlas other than the graph's.
    """
    parts = _profiles(flow)
    index = torch.from_numpy(flow.nodes[: flow.n_features].copy())
    keys = [(int(graph.nodes.layer[i]), int(graph.nodes.feature[i])) for i in index.tolist()]
    if dictionary is not None:
        _check_same("dictionary", dictionary.fingerprint, graph)
        parts |= _geometry(keys, dictionary)
    if atlas is not None:
        _check_same("atlas", atlas.dictionary_fingerprint, graph)
        parts |= _statistics(keys, atlas)
    weights = {name: PARTS[name] for name in parts}
    total = sum(weights.values())
    return sum((weights[n] / total * parts[n] for n in parts), np.zeros((len(keys),) * 2))


def cosines(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    """Cosine of every two rows; 0 with a row of zeros, and 1 of any row with itself."""
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)
    found = unit @ unit.T
    np.fill_diagonal(found, 1.0)
    return found


def profiles(flow: Flow) -> Float[np.ndarray, "features profile"]:
    """Inputs and outputs of every feature side by side, each of length 1."""
    n = flow.n_features
    ends = (flow.signed[:n], (flow.through[:, None] * flow.signed)[:, :n].T)
    norms = [np.linalg.norm(end, axis=1, keepdims=True) for end in ends]
    unit = [end / np.where(norm > 0, norm, 1) for end, norm in zip(ends, norms, strict=True)]
    return np.concatenate(unit, axis=1)


def _profiles(flow: Flow) -> dict[str, Likeness]:
    both, n = profiles(flow), len(flow.nodes)
    return {"inputs": cosines(both[:, :n]), "outputs": cosines(both[:, n:])}


def _check_same(what: str, fingerprint: str, graph: Graph) -> None:
    own = str(graph.info.get("dictionary_fingerprint", ""))
    if own and fingerprint and own != fingerprint:
        name = graph.info.get("dictionary", "another dictionary")
        raise MicrotomeError(
            f"the {what} is not that of the graph: the graph was traced with {name} "
            f"({own[:12]}), and this is of {fingerprint[:12]}"
        )


def encoders_by_layer(dictionary: Dictionary) -> dict[int, int]:
    """Encoder of every layer that is read; where sites have no layer, encoders count as layers."""
    layers = [Site.parse(dictionary.reads[sources[0]]).layer for sources in dictionary.sources]
    return {i if layer is None else layer: i for i, layer in enumerate(layers)}


def encoder_of(encoders: dict[int, int], layer: int, feature: int, sizes: Sequence[int]) -> int:
    """
    Raises:
        MicrotomeError: nothing is known of such a feature.
    """
    encoder = encoders.get(layer)
    if encoder is None or not 0 <= feature < sizes[encoder]:
        raise MicrotomeError(f"the graph has a feature L{layer}/{feature}, the dictionary has not")
    return encoder


def _geometry(keys: list[tuple[int, int]], dictionary: Dictionary) -> dict[str, Likeness]:
    sizes, by_layer = dictionary.n_features, encoders_by_layer(dictionary)
    width = dictionary.encoders[0].weight.shape[1]
    reading = np.zeros((len(keys), width))
    writing = np.zeros((len(keys), len(dictionary.writes), dictionary.d_out))
    like = torch.zeros(0, dtype=torch.float64)
    for row, (layer, feature) in enumerate(keys):
        encoder = encoder_of(by_layer, layer, feature, sizes)
        reading[row] = dictionary.encoders[encoder].weight[feature].double().cpu().numpy()
        decoder = dictionary.decoders[encoder]
        for target in decoder.targets:
            writing[row, target] = decoder.rows(torch.tensor([feature]), target, like)[0].numpy()
    flat = writing.reshape(len(keys), -1)
    return {"encoder": cosines(reading), "decoder": cosines(flat)}


def _statistics(keys: list[tuple[int, int]], atlas: Atlas) -> dict[str, Likeness]:
    by_layer = {encoder.layer: i for i, encoder in enumerate(atlas.content.encoders)}
    sizes = [encoder.features for encoder in atlas.content.encoders]
    pages = [atlas.page(encoder_of(by_layer, *key, sizes), key[1]) for key in keys]
    promoted = [{score.token: score.score for score in page.top_logits} for page in pages]
    active = [{score.token: score.score for score in page.active_tokens} for page in pages]
    words = [dict.fromkeys(re.findall(r"\w+", page.label.lower()), 1.0) for page in pages]
    return {
        "promotes": cosines(_table(promoted)),
        "active_on": cosines(_table(active)),
        "label": cosines(_table(words)),
    }


def _table(rows: Sequence[dict]) -> Float[np.ndarray, "rows keys"]:
    """Sparse rows as a matrix."""
    columns = {key: i for i, key in enumerate(sorted({key for row in rows for key in row}))}
    table = np.zeros((len(rows), max(len(columns), 1)))
    for at, row in enumerate(rows):
        for key, value in row.items():
            table[at, columns[key]] = value
    return table
