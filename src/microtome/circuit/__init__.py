"""Attribution graphs: the local replacement model, edges, influence, pruning, groups, merging,
files."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.circuit.artifact import load_graph, load_state, save_graph, save_state
    from microtome.circuit.graph import Graph, Nodes, Prompt, Scores
    from microtome.circuit.graph_view import graph_view
    from microtome.circuit.head_table import HeadTable, heads_of_graph
    from microtome.circuit.merge import Merged, merge
    from microtome.circuit.neuronpedia import from_neuronpedia, to_neuronpedia
    from microtome.circuit.ov import HeadSplit, head_split
    from microtome.circuit.prune import Pruned, prune
    from microtome.circuit.qk import QKAttribution, qk_attribution
    from microtome.circuit.replacement import LocalReplacement, build_replacement
    from microtome.circuit.state import with_state
    from microtome.circuit.supernode.grouping import Group, Grouping, GroupOptions, group
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
    "Group",
    "GroupOptions",
    "Grouping",
    "HeadSplit",
    "HeadTable",
    "LocalReplacement",
    "LogitDifference",
    "Merged",
    "Nodes",
    "Prompt",
    "Pruned",
    "QKAttribution",
    "Scores",
    "Target",
    "TokenTarget",
    "build_replacement",
    "from_neuronpedia",
    "graph_view",
    "group",
    "head_split",
    "heads_of_graph",
    "load_graph",
    "load_state",
    "merge",
    "prune",
    "qk_attribution",
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
        "head_table": "HeadTable heads_of_graph",
        "merge": "Merged merge",
        "neuronpedia": "from_neuronpedia to_neuronpedia",
        "ov": "HeadSplit head_split",
        "prune": "Pruned prune",
        "qk": "QKAttribution qk_attribution",
        "replacement": "LocalReplacement build_replacement",
        "state": "with_state",
        "supernode.grouping": "Group GroupOptions Grouping group",
        "targets": "DirectionTarget FeatureTarget LogitDifference Target TokenTarget",
        "trace": "trace",
    },
)
