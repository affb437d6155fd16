"""The attribution graph: nodes, signed edges, and what they were computed from."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.influence import normalise, propagate
from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.viewer.widget import DocumentWidget

KINDS = ("token", "feature", "error", "bias", "unexpanded", "logit", "direction")
"""Kinds of nodes. `unexpanded` collects the active features that a budget left out."""


@dataclass(frozen=True)
class Nodes:
    """The nodes of a graph, one entry each.

    `layer` is -1 for tokens, bias and unexpanded; logits have the number of layers. `feature` is
    the feature's index, the vocabulary id of tokens and logits, and -1 otherwise.
    """

    kind: tuple[str, ...]
    layer: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    feature: Int[Tensor, " n"]
    activation: Float[Tensor, " n"]
    """Of features; NaN for other kinds."""
    probability: Float[Tensor, " n"]
    """Of logits; NaN for other kinds."""
    label: tuple[str, ...]
    """Shown with the node: the token of tokens and logits, a note on others, or nothing."""

    def __len__(self) -> int:
        return len(self.kind)

    @cached_property
    def kind_index(self) -> Int[Tensor, " n"]:
        """Index into `KINDS` of every node."""
        return torch.tensor([KINDS.index(kind) for kind in self.kind], dtype=torch.long)

    def where(self, kind: str) -> Int[Tensor, " k"]:
        """Indices of the nodes of one kind."""
        return (self.kind_index == KINDS.index(kind)).nonzero()[:, 0]

    def select(self, index: Int[Tensor, " k"]) -> "Nodes":
        picked = index.tolist()
        return Nodes(
            tuple(self.kind[i] for i in picked),
            self.layer[index],
            self.position[index],
            self.feature[index],
            self.activation[index],
            self.probability[index],
            tuple(self.label[i] for i in picked),
        )

    def name(self, i: int) -> str:
        """A short identity, unique within a graph: L3/127@4, error L3@4, token 36@1 ..."""
        kind, position = self.kind[i], int(self.position[i])
        layer, feature = int(self.layer[i]), int(self.feature[i])
        return {
            "token": f"token {feature}@{position}",
            "feature": f"L{layer}/{feature}@{position}",
            "error": f"error L{layer}@{position}",
            "bias": "bias",
            "unexpanded": "unexpanded",
            "logit": f"logit {feature}@{position}",
            "direction": f"{self.label[i]}@{position}",
        }[kind]


@dataclass(frozen=True)
class Prompt:
    """The traced prompt."""

    text: str
    tokens: tuple[int, ...]
    strings: tuple[str, ...]
    """Tokens as a reader sees them."""


@dataclass(frozen=True, repr=False)
class Graph:
    """An attribution graph, rectangular: a row for every target, a column for every source.

    `edges[r, c]` is the signed linear effect of node `columns[c]` on node `rows[r]`. Features are
    both; tokens, errors and bias are only sources, logits and directions only targets.
    """

    prompt: Prompt
    nodes: Nodes
    rows: Int[Tensor, " targets"]
    columns: Int[Tensor, " sources"]
    edges: Float[Tensor, "targets sources"]
    weights: Float[Tensor, " targets"]
    """What influence is counted from: the probability of logits, 1 for other targets asked for,
    0 for features on the way."""
    unexpanded_mass: Float[Tensor, " targets"]
    """Absolute edges from features that a budget left out; 0 without a budget. Their signed sum
    is the column of the `unexpanded` node."""
    value: Float[Tensor, " targets"]
    """What the model computed for each target: NaN in graphs of other tools."""
    residual: Float[Tensor, " targets"]
    """Conservation: |sum of the row - value| over the row's absolute mass; NaN where unknown."""
    n_layers: int
    info: dict[str, Any] = field(default_factory=dict)
    """Model, dictionary, fingerprints, policy, and whatever a file of another tool held."""
    spread: Float[Tensor, "targets sources"] | None = None
    """Of a merged graph: standard deviation of every edge over its prompts."""

    def __repr__(self) -> str:
        features = len(self.nodes.where("feature"))
        return f"<Graph of {self.prompt.text!r}: {features} features, {len(self.rows)} targets>"

    def __post_init__(self):
        expected = (len(self.rows), len(self.columns))
        if tuple(self.edges.shape) != expected:
            raise MicrotomeError(
                f"graph edges have shape {tuple(self.edges.shape)}, expected {expected}"
            )

    @cached_property
    def mass(self) -> Float[Tensor, " targets"]:
        """Sum of the absolute inputs of every target, over all sources."""
        column = self._unexpanded_column
        total = self.edges.abs().sum(-1) + self.unexpanded_mass
        return total if column is None else total - self.edges[:, column].abs()

    @cached_property
    def _unexpanded_column(self) -> int | None:
        at = [i for i, c in enumerate(self.columns.tolist()) if self.nodes.kind[c] == "unexpanded"]
        return at[0] if at else None

    @cached_property
    def row_columns(self) -> Int[Tensor, " targets"]:
        """The column of every row's node, -1 where it is not a source."""
        place = torch.full((len(self.nodes),), -1)
        place[self.columns] = torch.arange(len(self.columns))
        return place[self.rows]

    @cached_property
    def influence(self) -> Float[Tensor, " nodes"]:
        """Influence of every node on the targets, normalised over all their inputs.

        Targets asked for have their own weight. See `microtome.circuit.influence`.
        """
        absolute = self.edges.abs()
        if self._unexpanded_column is not None:
            absolute[:, self._unexpanded_column] = self.unexpanded_mass
        weights = self.start_weights
        factors = normalise(self.mass)
        total = propagate(weights, lambda rows: (rows * factors) @ absolute, self.row_columns)
        out = absolute.new_zeros(len(self.nodes))
        out[self.columns] = total
        asked = weights > 0
        out[self.rows[asked]] += weights[asked]
        return out

    @cached_property
    def start_weights(self) -> Float[Tensor, " targets"]:
        """The targets' weights, made to sum to one."""
        total = self.weights.sum()
        return self.weights / total if bool(total > 0) else self.weights

    @cached_property
    def scores(self) -> "Scores":
        return score(self)

    def with_info(self, **info: Any) -> "Graph":
        return replace(self, info={**self.info, **info})

    def with_labels(self, labels: dict[int, str]) -> "Graph":
        """The same graph with other labels on some nodes."""
        label = tuple(labels.get(i, text) for i, text in enumerate(self.nodes.label))
        return replace(self, nodes=replace(self.nodes, label=label))

    def show(self, features: int = 12) -> None:
        """Print the graph; see `microtome.circuit.show`."""
        from microtome.circuit.show import show_graph

        show_graph(self, features=features)

    def view(self, height: int = 720) -> "DocumentWidget":
        """The graph in a notebook, to look at and to take apart.

        Args:
            height: of the view, in pixels.

        Raises:
            MicrotomeError: the viewer is not built.
        """
        from microtome.circuit.document import graph_document
        from microtome.viewer import view

        return view(graph_document(self), height)

    def save(self, path, force: bool = False, command: list[str] | None = None) -> None:
        """Write the graph as an artifact folder; see `microtome.circuit.artifact`."""
        from microtome.circuit.artifact import save_graph

        save_graph(self, path, force, command)


@dataclass(frozen=True)
class Scores:
    """How much of a graph its tokens and features carry, rather than errors."""

    replacement: float
    """Token influence over token and error influence: the share of path mass that starts at
    tokens."""
    completeness: float
    """Influence-weighted mean, over expanded nodes, of the input mass that errors do not give."""
    unexpanded: float
    """Influence that ends in features which a budget left out."""
    worst_residual: float
    """Largest conservation residual of any row; NaN in graphs of other tools."""


def score(graph: Graph) -> Scores:
    """Scores of a graph, over all its nodes.

    A row without inputs counts as explained by nothing: a graph made of errors alone has
    replacement and completeness 0.
    """
    influence = graph.influence.double()
    share = {kind: float(influence[graph.nodes.where(kind)].sum()) for kind in KINDS}
    explained = share["token"] + share["error"]
    is_error = graph.nodes.kind_index[graph.columns] == KINDS.index("error")
    mass = graph.mass.double()
    from_errors = graph.edges[:, is_error].abs().double().sum(-1)
    fraction = torch.where(mass > 0, 1 - from_errors / mass.clamp(min=1e-300), 0.0)
    row_weight = influence[graph.rows]
    total = row_weight.sum()
    known = graph.residual[~graph.residual.isnan()]
    return Scores(
        replacement=share["token"] / explained if explained > 0 else 0.0,
        completeness=float((row_weight * fraction).sum() / total) if total > 0 else 0.0,
        unexpanded=share["unexpanded"],
        worst_residual=float(known.max()) if len(known) else float("nan"),
    )
