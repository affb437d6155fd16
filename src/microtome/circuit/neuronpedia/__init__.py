"""Graphs as JSON for Neuronpedia and the public graph viewer, and from tools that write it.

The format is circuit-tracer's (https://github.com/decoderesearch/circuit-tracer), schema version
1. What a file holds beyond a `Graph` is kept in `graph.info["neuronpedia"]`, so a file that is
read and written again loses nothing. Written files are canonical: nodes in the graph's order;
links by target, then source, in that order; every standard field of a node is present;
`pinnedIds` and `supernodes` are lists.

Deviations from circuit-tracer: an error's id is `{layer}_-1_{position}` (theirs can equal the id
of a layer-0 feature); a target that is not a token is a logit with a negative vocabulary id; a
feature that is a target has `is_target_logit`. Bias and unexpanded nodes have no place in the
format and are left out; `metadata.pruning_settings.edges_left_out` counts their edges.
"""

from microtome.circuit.neuronpedia.read import from_neuronpedia, read_neuronpedia
from microtome.circuit.neuronpedia.write import to_neuronpedia, write_neuronpedia

__all__ = ["from_neuronpedia", "read_neuronpedia", "to_neuronpedia", "write_neuronpedia"]
