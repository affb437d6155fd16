"""The document in which a graph is shown, and what a reader did to it: by the server, in files, in
notebooks. Imports no tensors, so that a server starts at once."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_EDGES = 200_000
"""Of a document; a graph with more is pruned."""


def _writable(text: str) -> str:
    """Text that a file can hold.

    Raises:
        ValueError: half of a surrogate pair.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds half of a surrogate pair; write it as valid Unicode")
    return text


_Text = Annotated[str, AfterValidator(_writable)]


class Supernode(BaseModel):
    """Nodes grouped because they play one role."""

    model_config = ConfigDict(extra="forbid")

    id: _Text
    label: _Text
    members: list[_Text]
    """Ids of nodes."""


class ViewState(BaseModel):
    """What a reader did to a graph; a permalink holds it, and the artifact can keep it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    selected: _Text | None = None
    pinned: list[_Text] = []
    supernodes: list[Supernode] = []
    node_threshold: float = Field(default=0.8, ge=0, le=1)
    edge_threshold: float = Field(default=0.98, ge=0, le=1)
    hidden: list[_Text] = []
    """Kinds of nodes that are not shown."""
    places: dict[_Text, tuple[float, float]] = {}
    """Where nodes and supernodes were put in the subgraph."""
    notes: _Text = ""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeColumns(_Document):
    """Nodes, column by column."""

    id: list[str]
    """Unique within the graph: L3/127@4."""
    kind: list[str]
    layer: list[int]
    position: list[int]
    feature: list[int]
    activation: list[float | None]
    probability: list[float | None]
    label: list[str]
    influence: list[float]
    """Share of all influence on the targets that passes through the node, in the whole graph."""
    cumulative: list[float | None]
    """Share held by this node and those above it: small means important."""
    mass: list[float]
    """Sum of the absolute inputs of the node in the whole graph; 0 for those that have none."""
    weight: list[float]
    """What influence is counted from; 0 but for the targets asked for."""


class EdgeColumns(_Document):
    source: list[int]
    target: list[int]
    weight: list[float]
    """Signed linear effect of the source on the target."""
    spread: list[float] | None = None
    """Of a merged graph: standard deviation over the prompts that the effect is a mean of."""


class MergedPrompts(_Document):
    """What the prompts of a merged graph have in common, and what is special to each."""

    prompts: list[str]
    influence: list[list[float | None]]
    """By prompt, then node: share of all influence in the prompt's graph that passes through the
    node; none where that graph has no such node."""
    kept: list[list[int]]
    """By prompt: the nodes that its graph keeps when it is pruned. The common circuit is what every
    prompt keeps."""


class GraphView(_Document):
    """An attribution graph as it is shown."""

    id: str = ""
    """Of the artifact on the server; empty elsewhere."""
    name: str
    prompt: str
    tokens: list[int]
    strings: list[str]
    n_layers: int
    model: str
    model_fingerprint: str
    dictionary: str
    dictionary_kind: str
    dictionary_fingerprint: str
    atlas: str = ""
    """Id of an atlas of this dictionary on the server; empty where there is none."""
    scores: dict[str, float | None]
    """replacement, completeness, unexpanded, worst_residual."""
    warnings: list[str]
    nodes: NodeColumns
    edges: EdgeColumns
    complete: bool
    """Whether all nodes and edges are here; otherwise those of most influence."""
    node_threshold: float
    edge_threshold: float
    """At which the document was pruned; 1 where it is complete."""
    label_sources: dict[str, str] = {}
    """By node id, where a label is not the graph's own: automatic, concept, model, person."""
    state: ViewState | None = None
    """As it was saved with the graph."""
    merged: MergedPrompts | None = None
    """Of a graph that was merged from those of several prompts."""


def replaces(source: str, own: str) -> bool:
    """Whether a label from elsewhere is shown instead of the graph's own: whoever labelled the
    graph knew more than a rule that an atlas found by itself."""
    return not own or source != "automatic"
