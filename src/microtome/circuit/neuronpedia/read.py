"""From JSON to a graph, with every index, weight and link checked."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import ValidationError
from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.circuit.neuronpedia.schema import (
    FEATURE_TYPES,
    MAX_INDEX,
    Document,
    LinkEntry,
    NodeEntry,
    QParams,
    cantor,
    complaint,
    entries,
)
from microtome.errors import MicrotomeError

MAX_CELLS = 2**29
"""Targets times sources: 4 GiB of edges. The largest public graphs have a tenth of that."""
MAX_WORK = 2**35
"""Those times the links of the longest path: what influence costs, about half a minute."""

_KIND = {feature_type: kind for kind, feature_type in reversed(FEATURE_TYPES.items())}
_OUTPUT = re.compile(r'Output "(.*)" \(p=[0-9.]+\)', re.DOTALL)
_HELD = ("metadata", "qParams", "nodes", "links")


def read_neuronpedia(path: Path) -> Graph:
    """Read a graph from a JSON file of Neuronpedia, circuit-tracer or `write_neuronpedia`.

    Raises:
        MicrotomeError: see `from_neuronpedia`; or the file is missing or not JSON.
    """
    try:
        return from_neuronpedia(read_json(path), str(path))
    except RecursionError as error:
        raise MicrotomeError(f"{path} is nested too deeply to be a graph") from error


def from_neuronpedia(document: dict, name: str) -> Graph:
    """A graph from a document in the format, all numbers in double precision.

    Rows are the nodes that links point to, and logits; columns those that links come from. The
    targets' weights are the probabilities of logits, or 1 for the last node of a graph without
    any. What only the traced model could tell (values, residuals) is NaN.

    Args:
        document: the JSON object.
        name: of the file, for messages.

    Raises:
        MicrotomeError: a field is missing or not what the format says, a link names no node or
            closes a cycle, an id is used twice, or a number is out of range.
    """
    try:
        parsed = Document.model_validate(document)
    except (ValidationError, RecursionError) as error:
        what = complaint(name, error) if isinstance(error, ValidationError) else f"{name}: {error}"
        raise MicrotomeError(what) from error
    strings = tuple(parsed.metadata.prompt_tokens)
    nodes, n_layers = _nodes(parsed.nodes, strings, name)
    index, warnings = _index(parsed.nodes, nodes.kind, name)
    asked, weights = _asked(parsed.nodes, nodes.kind)
    links = _matrix(parsed.links, index, asked, name)
    weights = weights[links.rows]
    if not bool(weights.any()):
        weights = (~torch.isin(links.rows, links.columns)).double()
    unknown = torch.full((len(links.rows),), float("nan"), dtype=torch.float64)
    groups = parsed.qParams or QParams()
    graph = Graph(
        prompt=Prompt(
            parsed.metadata.prompt or "".join(strings), _tokens(nodes, len(strings)), strings
        ),
        nodes=nodes,
        rows=links.rows,
        columns=links.columns,
        edges=links.edges,
        weights=weights,
        unexpanded_mass=torch.zeros_like(weights),
        value=unknown,
        residual=unknown.clone(),
        n_layers=n_layers,
        info={
            "model": parsed.metadata.scan or "unknown",
            "supernodes": groups.supernodes,
            "pinned": groups.pinnedIds,
            "warnings": warnings,
        },
    )
    influence = [entry.influence for entry in parsed.nodes]
    kept = _kept(document, graph, influence, links.odd, name)
    return graph.with_info(neuronpedia={**kept, "influence": influence})


def _nodes(parsed: list[NodeEntry], strings: tuple[str, ...], name: str) -> tuple[Nodes, int]:
    """The nodes in the file's order, and the number of layers."""
    kinds, layers, features, labels, n_layers = [], [], [], [], 0
    for i, entry in enumerate(parsed):
        where = f"{name}: nodes[{i}]"
        if entry.ctx_idx >= len(strings):
            raise MicrotomeError(
                f"{where}.ctx_idx is {entry.ctx_idx}, but the prompt has {len(strings)} tokens"
            )
        kind = _KIND[entry.feature_type]
        if kind == "logit" and (entry.feature is None or entry.feature < 0):
            kind = "direction"
        layer = -1 if kind == "token" else _layer(entry.layer, where)
        n_layers = max(n_layers, layer + (1 if kind in ("feature", "error") else -1))
        kinds.append(kind)
        layers.append(layer)
        features.append(_feature(kind, layer, entry, where))
        labels.append(_label(kind, entry, strings))
    layers = [
        n_layers if kind in ("logit", "direction") else layer
        for kind, layer in zip(kinds, layers, strict=True)
    ]
    nan = float("nan")
    nodes = Nodes(
        kind=tuple(kinds),
        layer=torch.tensor(layers, dtype=torch.long),
        position=torch.tensor([entry.ctx_idx for entry in parsed], dtype=torch.long),
        feature=torch.tensor(features, dtype=torch.long),
        activation=_column(
            entry.activation if kind == "feature" else nan
            for kind, entry in zip(kinds, parsed, strict=True)
        ),
        probability=_column(
            entry.token_prob if kind == "logit" else nan
            for kind, entry in zip(kinds, parsed, strict=True)
        ),
        label=tuple(labels),
    )
    return nodes, n_layers


def _column(values) -> Float[Tensor, " n"]:
    numbers = [float("nan") if value is None else value for value in values]
    return torch.tensor(numbers, dtype=torch.float64)


def _layer(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise MicrotomeError(f"{where}.layer is {text[:40]!r}, expected a number below 10,000")
    return int(text)


def _feature(kind: str, layer: int, entry: NodeEntry, where: str) -> int:
    """The feature's index or the vocabulary id; -1 for other kinds, or where nothing says."""
    if kind in ("error", "direction"):
        return -1
    parts = re.fullmatch(r"(E|\d{1,4})_(\d{1,10})_(\d{1,10})", entry.node_id, re.ASCII)
    fits = parts is not None and int(parts[3]) == entry.ctx_idx
    found = entry.feature
    if kind == "token":
        found = int(parts[2]) if parts and fits and parts[1] == "E" else -1
    elif kind == "feature" and parts and fits and parts[1] == str(layer):
        found = int(parts[2])
    elif kind == "feature":
        found = _unpair(layer, entry.feature)
    if found is None or found >= MAX_INDEX:
        raise MicrotomeError(
            f"{where}: no feature of layer {layer} or vocabulary id below {MAX_INDEX:,} follows "
            f"from node_id {entry.node_id[:40]!r} and feature {str(entry.feature)[:40]}"
        )
    return found


def _unpair(layer: int, number: int | None) -> int | None:
    """The feature whose Cantor pairing with a layer is a number."""
    if number is None or not 0 <= number < 2**63:
        return None
    diagonal = (isqrt(8 * number + 1) - 1) // 2
    feature = diagonal - layer
    return feature if feature >= 0 and cantor(layer, feature) == number else None


def _label(kind: str, entry: NodeEntry, strings: tuple[str, ...]) -> str:
    if kind == "token":
        return entry.clerp or strings[entry.ctx_idx]
    output = _OUTPUT.fullmatch(entry.clerp) if kind == "logit" else None
    return output[1] if output else entry.clerp


def _tokens(nodes: Nodes, n: int) -> tuple[int, ...]:
    """Token ids of the prompt; -1 where the file has no node for one."""
    ids = torch.full((n,), -1)
    tokens = nodes.where("token")
    ids[nodes.position[tokens]] = nodes.feature[tokens]
    return tuple(ids.tolist())


def _index(
    parsed: list[NodeEntry], kinds: tuple[str, ...], name: str
) -> tuple[dict[str, int], list[str]]:
    """Nodes by id. An id that a feature shares with an error of an older file is the feature's."""
    index: dict[str, int] = {}
    shared: dict[str, str] = {}
    for i, entry in enumerate(parsed):
        key = entry.node_id
        other = index.setdefault(key, i)
        if other == i:
            continue
        if {kinds[i], kinds[other]} != {"feature", "error"} or key in shared:
            raise MicrotomeError(
                f"{name}: nodes[{i}].node_id {key[:40]!r} is also the id of nodes[{other}]"
            )
        shared[key] = f"{key} is the id of a feature and of an error; links are the feature's"
        if kinds[i] == "feature":
            index[key] = i
    return index, list(shared.values())


def _asked(
    parsed: list[NodeEntry], kinds: tuple[str, ...]
) -> tuple[Bool[Tensor, " nodes"], Float[Tensor, " nodes"]]:
    """Which nodes are targets that were asked for, and what influence is counted from."""
    weights, ends = [], []
    for entry, kind in zip(parsed, kinds, strict=True):
        end = kind in ("logit", "direction")
        flagged = kind == "feature" and bool(entry.is_target_logit)
        weights.append(float(entry.token_prob or 0.0) if end else float(flagged))
        ends.append(end)
    weight = torch.tensor(weights, dtype=torch.float64)
    end = torch.tensor(ends, dtype=torch.bool)
    if not bool(weight.any()):
        weight = end.double()
    return end | (weight > 0), weight


@dataclass(frozen=True)
class _Matrix:
    """The links as a matrix."""

    rows: Int[Tensor, " targets"]
    columns: Int[Tensor, " sources"]
    edges: Float[Tensor, "targets sources"]
    odd: list[int]
    """Numbers of the links that the matrix alone does not give back."""


def _matrix(
    links: list[LinkEntry], index: dict[str, int], asked: Bool[Tensor, " nodes"], name: str
) -> _Matrix:
    source = _ends(links, "source", index, name)
    target = _ends(links, "target", index, name)
    longest = _longest_path(links, name)
    n = len(asked)
    rows = (asked | (target.bincount(minlength=n) > 0)).nonzero()[:, 0]
    columns = source.bincount(minlength=n).nonzero()[:, 0]
    if len(rows) * len(columns) > MAX_CELLS:
        raise MicrotomeError(
            f"{name}: {len(rows):,} targets times {len(columns):,} sources are more than "
            f"{MAX_CELLS:,} edges; prune the graph where it was made"
        )
    if len(rows) * len(columns) * longest > MAX_WORK:
        raise MicrotomeError(
            f"{name}: a path of {longest:,} links through {len(rows):,} targets is too long; in an "
            f"attribution graph no path has more links than the model has layers and two"
        )
    weight = torch.tensor([link.weight for link in links], dtype=torch.float64)
    edges = torch.zeros(len(rows), len(columns), dtype=torch.float64)
    at = torch.searchsorted(rows, target), torch.searchsorted(columns, source)
    edges.index_put_(at, weight, accumulate=True)
    pair = (target * n + source).numpy()
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    odd = np.flatnonzero((count[place] > 1) | (weight.numpy() == 0))
    return _Matrix(rows, columns, edges, odd.tolist())


def _ends(
    links: list[LinkEntry], end: str, index: dict[str, int], name: str
) -> Int[Tensor, " links"]:
    ids = [getattr(link, end) for link in links]
    found = [index.get(node_id, -1) for node_id in ids]
    if -1 in found:
        i = found.index(-1)
        raise MicrotomeError(f"{name}: links[{i}].{end} {ids[i][:40]!r} is not the id of any node")
    return torch.tensor(found, dtype=torch.long)


def _longest_path(links: list[LinkEntry], name: str) -> int:
    """Links of the longest path, which a cycle has not."""
    inputs = defaultdict(list)
    for link in links:
        inputs[link.target].append(link.source)
    lengths: dict[str, int] = {}
    try:
        for node in TopologicalSorter(inputs).static_order():
            lengths[node] = max((lengths[one] + 1 for one in inputs.get(node, ())), default=0)
        return max(lengths.values(), default=0)
    except CycleError as error:
        cycle = [node_id[:40] for node_id in error.args[1]]
        shown = " -> ".join(cycle if len(cycle) <= 5 else [*cycle[:4], "..."])
        raise MicrotomeError(
            f"{name}: the links form a cycle ({shown}); an attribution graph has none"
        ) from error


def _kept(
    document: dict, graph: Graph, influence: list[float | None], odd: list[int], name: str
) -> dict[str, Any]:
    """What the graph does not hold of a document, as a copy that is sure to be JSON."""
    groups = document.get("qParams") or {}
    fields: dict[int, dict[str, Any]] = {}
    for i, entry in enumerate(entries(graph, _column(influence))):
        raw = document["nodes"][i]
        raw = raw | {"clerp": raw.get("clerp") or ""}
        other = {k: v for k, v in raw.items() if k not in entry or not _same(entry[k], v)}
        if other:
            fields[i] = other
    links = document["links"]
    several = set(odd) | {i for i, link in enumerate(links) if len(link) > 3}
    parts = {
        "metadata": document["metadata"],
        "qParams": {k: v for k, v in groups.items() if k not in QParams.model_fields},
        "document": {k: v for k, v in document.items() if k not in _HELD},
        "nodes": fields,
        "links": [links[i] for i in sorted(several)],
    }
    return {part: _json(value, part, name) for part, value in parts.items()}


def _same(a: Any, b: Any) -> bool:
    """Equal as JSON: 0 is 0.0, but not false."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _json(value: Any, part: str, name: str) -> Any:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise MicrotomeError(f"{name}: {part} holds what JSON cannot: {error}") from error
