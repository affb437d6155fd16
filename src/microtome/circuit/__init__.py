"""Attribution graphs: the local replacement model, edges, influence, pruning, files."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.circuit.artifact import load_graph, load_state, save_graph, save_state
    from microtome.circuit.graph import Graph, Nodes, Prompt, Scores
    from microtome.circuit.graph_view import graph_view
    from microtome.circuit.neuronpedia import from_neuronpedia, to_neuronpedia
    from microtome.circuit.prune import Pruned, prune
    from microtome.circuit.replacement import LocalReplacement, build_replacement
    from microtome.circuit.state import with_state
    from microtome.circuit.targets import (
        DirectionTarget,
        FeatureTarget,
        LogitDifference,
        Target,
        TokenTarget,
    )
    from microtome.circuit.trace import trace

__all__ = [
    "DirectionTarget",
    "FeatureTarget",
    "Graph",
    "LocalReplacement",
    "LogitDifference",
    "Nodes",
    "Prompt",
    "Pruned",
    "Scores",
    "Target",
    "TokenTarget",
    "build_replacement",
    "from_neuronpedia",
    "graph_view",
    "load_graph",
    "load_state",
    "prune",
    "save_graph",
    "save_state",
    "to_neuronpedia",
    "trace",
    "with_state",
]

lazy_face(
    __name__,
    {
        "artifact": "load_graph load_state save_graph save_state",
        "graph": "Graph Nodes Prompt Scores",
        "graph_view": "graph_view",
        "neuronpedia": "from_neuronpedia to_neuronpedia",
        "prune": "Pruned prune",
        "replacement": "LocalReplacement build_replacement",
        "state": "with_state",
        "targets": "DirectionTarget FeatureTarget LogitDifference Target TokenTarget",
        "trace": "trace",
    },
)
