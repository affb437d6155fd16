"""What a verification found, as it is kept with the graph. Imports no tensors."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from microtome.circuit.verify.agreement import Agreement

Verdict = Literal["confirmed", "weaker", "stronger", "contradicted", "unclear", "not testable"]
"""Of an edge, by the slope of measured on predicted effects and its 95% interval: `confirmed` where
the slope is from 0.5 to 2, `weaker` below and `stronger` above; `contradicted` where the interval
lies below 0.1 (no effect, or one of the other sign), `unclear` where it only reaches there, and
`not testable` where the graph predicts too little to measure, or an end is not one thing in the
model."""

Belief = Literal["believable", "partly", "not believable"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VerifyOptions(_Part):
    """How a graph is tested."""

    node_threshold: float = 0.8
    edge_threshold: float = 0.98
    """At which the circuit is pruned."""
    sizes: tuple[float, ...] = (-1.0, -0.5, 0.5, 1.0)
    """Shares by which nodes and groups are changed."""
    nodes: int = 200
    """Nodes of most influence that are tested one by one."""
    seed: int = 0


class DistanceRow(_Part):
    """Effects on downstream features, by layers between source and target."""

    distance: int
    agreement: Agreement
    control: Agreement


class CurveResult(_Part):
    """Faithfulness over the size of the circuit; see `circuit`."""

    fractions: list[float]
    features: list[int]
    faithfulness: list[float | None]
    cpr: float | None
    """Area under the curve: how much small circuits perform. Larger is better."""
    cmd: float | None
    """Area between the curve and 1: how far from the model. Smaller is better."""


class CircuitResult(_Part):
    """The circuit as a whole."""

    necessity: float | None
    """Share of the targets' value that goes when the circuit's features are ablated."""
    necessity_control: float | None
    """The same for as many random active features of the same layers."""
    sufficiency: float | None
    """Faithfulness of the circuit's features alone."""
    sufficiency_control: float | None
    curve: CurveResult
    """Features taken by influence."""
    curve_control: CurveResult
    """Features taken at random."""


class ModeResult(_Part):
    """Everything measured in one mode."""

    logits: Agreement
    """Effects of single nodes on the targets asked for."""
    logits_control: Agreement
    groups: Agreement
    """Effects of the ten most influential groups on the targets asked for."""
    groups_control: Agreement
    by_distance: list[DistanceRow]
    circuit: CircuitResult


class Effect(_Part):
    """What the change of one group does to one target asked for; by size."""

    target: str
    label: str
    """Of the target: the token of a logit."""
    predicted: dict[str, list[float]]
    """By mode: by the edges, or with norms that follow (`simulate`)."""
    measured: dict[str, list[float | None]]
    control: dict[str, list[float | None]]


class GroupResult(_Part):
    """A supernode, or a node by itself."""

    label: str
    members: list[str]
    influence: float
    effects: list[Effect]


class EdgeVerdict(_Part):
    verdict: Verdict
    slope: float | None
    """Of measured on predicted effects, over sizes and the target's members."""
    interval: tuple[float, float] | None
    """95%."""


class EdgeResult(_Part):
    """From one group to another, or to a target: all paths between them."""

    source: str
    target: str
    verdicts: dict[str, EdgeVerdict]
    """By mode."""


class Verification(_Part):
    """How far a graph can be believed."""

    model_fingerprint: str
    dictionary_fingerprint: str
    options: VerifyOptions
    sizes: list[float]
    seconds: float
    belief: Belief
    reasons: list[str]
    """Why, a sentence each; where agreement is lower than it should be, what costs it."""
    modes: dict[str, ModeResult]
    groups: list[GroupResult]
    edges: list[EdgeResult]
    error_by_layer: list[float]
    """Share of the variance of each MLP's output that the dictionary leaves to errors."""
    error_by_token: list[float | None]
    """The same of each token, over layers; None at skipped positions."""
    error_influence: float
    """Share of influence that starts at errors."""
