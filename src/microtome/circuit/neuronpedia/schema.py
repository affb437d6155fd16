"""What the JSON holds: the models that check it, and a graph's nodes as it writes them."""

import json
import re
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Float
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.errors import MicrotomeError

MAX_INDEX = 2**31
LARGEST = float(torch.finfo(torch.float32).max)
"""Weights beyond single precision are not finite for the tools that read them."""

FEATURE_TYPES = {
    "feature": "cross layer transcoder",
    "error": "mlp reconstruction error",
    "token": "embedding",
    "logit": "logit",
    "direction": "logit",
}
"""`feature_type` by kind of node; features of PLTs have the same as those of CLTs."""

_NODE_ID = re.compile(r"(E|\d+)_-?\d+_\d+")


def _encodable(text: str) -> str:
    """Refuse half of a surrogate pair, which JSON can escape but no file can hold."""
    text.encode()
    return text


def _as_ids(value: Any) -> Any:
    """Older files: ids separated by commas."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _as_groups(value: Any) -> Any:
    """Older files: JSON in a string, or labels and ids separated by commas."""
    if not isinstance(value, str):
        return _as_ids(value)
    if value.lstrip().startswith("["):
        return json.loads(value)
    groups: list[list[str]] = []
    for part in _as_ids(value):
        if groups and _NODE_ID.fullmatch(part):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


Text = Annotated[str, AfterValidator(_encodable)]
Label = Annotated[Text, BeforeValidator(lambda value: "" if value is None else value)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
LayerName = Annotated[Text, BeforeValidator(lambda v: str(v) if type(v) is int else v)]


class _Checked(BaseModel):
    """Fields that microtome reads; others are kept as they are."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Metadata(_Checked):
    slug: Text = ""
    scan: Text = ""
    prompt: Text = ""
    prompt_tokens: list[Text]


class QParams(_Checked):
    pinnedIds: Annotated[list[Text], BeforeValidator(_as_ids)] = []
    supernodes: Annotated[
        list[Annotated[list[Text], Field(min_length=1)]], BeforeValidator(_as_groups)
    ] = []
    """A label, then ids of nodes."""


class NodeEntry(_Checked):
    node_id: Annotated[Text, Field(min_length=1)]
    feature: int | None = None
    layer: LayerName
    ctx_idx: Annotated[int, Field(ge=0, lt=MAX_INDEX)]
    feature_type: Literal[
        "cross layer transcoder", "mlp reconstruction error", "embedding", "logit"
    ]
    token_prob: Annotated[Number, Field(ge=0)] | None = None
    is_target_logit: bool | None = None
    clerp: Label = ""
    influence: Number | None = None
    activation: Number | None = None


class LinkEntry(_Checked):
    source: str
    target: str
    weight: Number


class Document(_Checked):
    metadata: Metadata
    qParams: QParams | None = None
    nodes: list[NodeEntry]
    links: list[LinkEntry]


class Kept(BaseModel):
    """`graph.info["neuronpedia"]`: what a file held that a graph does not."""

    model_config = ConfigDict(extra="forbid")

    metadata: dict[str, Any] = {}
    qParams: dict[str, Any] = {}
    document: dict[str, Any] = {}
    """Fields beside metadata, qParams, nodes and links."""
    nodes: dict[int, dict[str, Any]] = {}
    """Fields of nodes other than what a graph says of them."""
    links: list[dict[str, Any]] = []
    """Links with other fields, with weight 0, or between nodes that have several."""

    @staticmethod
    def of(graph: Graph) -> "Kept":
        """What a graph carries; empty for graphs that were not read from such a file."""
        held = graph.info.get("neuronpedia", {})
        if isinstance(held, dict):
            held = {k: v for k, v in held.items() if k != "influence"}
        try:
            kept = Kept.model_validate(held)
        except ValidationError as error:
            raise MicrotomeError(complaint("graph.info['neuronpedia']", error)) from error
        if not all(0 <= i < len(graph.nodes) for i in kept.nodes):
            raise MicrotomeError("graph.info['neuronpedia']: nodes names one that is not there")
        return kept


def complaint(name: str, error: ValidationError) -> str:
    """The first thing that is wrong, with its field and index, as a sentence."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}"
    return f"{name}: {field.lstrip('.') or 'the document'}: {first['msg']}"


def entries(graph: Graph, influence: Float[Tensor, " nodes"]) -> list[dict[str, Any]]:
    """Every node as the format writes it; bias and unexpanded nodes as empty objects.

    Args:
        graph: the graph.
        influence: the cumulative share at each node's rank; left out for logits.
    """
    nodes, top, directions = graph.nodes, _most_likely(graph), 0
    weight = torch.zeros(len(nodes), dtype=graph.weights.dtype)
    weight[graph.rows] = graph.weights
    columns = zip(
        nodes.kind,
        nodes.layer.tolist(),
        nodes.position.tolist(),
        nodes.feature.tolist(),
        _numbers(nodes.activation),
        _numbers(nodes.probability),
        _numbers(influence),
        weight.tolist(),
        nodes.label,
        strict=True,
    )
    out = []
    for i, (kind, layer, at, feature, active, prob, share, weighs, label) in enumerate(columns):
        if kind not in FEATURE_TYPES:
            out.append({})
            continue
        if kind == "direction":
            directions += 1
            feature = -directions
        is_target = kind in ("logit", "direction")
        if kind == "logit":
            label = f'Output "{label}" (p={prob or 0.0:.3f})'
        elif kind == "token" and label == "".join(graph.prompt.strings[at : at + 1]):
            label = ""
        fields = _identity(kind, graph.n_layers + 1 if is_target else layer, feature, at)
        fields["token_prob"] = weighs if kind == "direction" else prob or 0.0
        fields["is_target_logit"] = i == top if kind == "logit" else weighs > 0
        fields["clerp"] = label
        fields["influence"] = None if is_target else share
        fields["activation"] = active
        out.append(fields)
    return out


def _identity(kind: str, layer: int, feature: int, position: int) -> dict[str, Any]:
    """Ids and the fields that follow from them, all fields in the format's order."""
    shown = "E" if kind == "token" else str(layer)
    number, script = {
        "feature": (cantor(layer, feature), f"{layer}_{feature}-0"),
        "error": (-1, f"{layer}_-1-{position}"),
        "token": (position, f"E_{feature}-{position}"),
    }.get(kind, (feature, f"L_{feature}-{position}"))
    return {
        "node_id": f"{shown}_{-1 if kind == 'error' else feature}_{position}",
        "feature": number,
        "layer": shown,
        "ctx_idx": position,
        "feature_type": FEATURE_TYPES[kind],
        "token_prob": 0.0,
        "is_target_logit": False,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": script,
        "clerp": "",
        "influence": None,
        "activation": None,
    }


def cantor(layer: int, feature: int) -> int:
    """Cantor's pairing of a layer and a feature: one number for both."""
    return (layer + feature) * (layer + feature + 1) // 2 + feature


def _most_likely(graph: Graph) -> int:
    """The logit with most probability, the first among equals; -1 without logits."""
    logits = graph.nodes.where("logit")
    if not len(logits):
        return -1
    return int(logits[graph.nodes.probability[logits].nan_to_num(0.0).argmax()])


def _numbers(values: Tensor) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]
