"""Attribution graphs: the local replacement model, edges, influence, pruning, files."""

from microtome.circuit.artifact import load_graph, save_graph
from microtome.circuit.graph import Graph, Nodes, Prompt, Scores
from microtome.circuit.prune import Pruned, prune
from microtome.circuit.replacement import LocalReplacement, build_replacement
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
    "load_graph",
    "prune",
    "save_graph",
    "trace",
]
