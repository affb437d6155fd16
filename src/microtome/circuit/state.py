"""What a reader did to a graph, as the graph's own `info` holds it."""

from collections.abc import Sequence

import torch

from microtome.circuit.graph import Graph
from microtome.circuit.neuronpedia.schema import Kept, entries
from microtome.circuit.view import Supernode, ViewState


def state_of(graph: Graph) -> ViewState | None:
    """Pins, supernodes and selection that a graph's `info` holds; None where it says nothing.

    They are in graphs that were read from Neuronpedia JSON, by the format's ids, and in those of
    `with_state`, by `Nodes.name`. Ids of nodes that are not in the graph are left out. A graph
    from JSON was pruned by whoever wrote it, so all of it is shown: both thresholds are 1.
    """
    info = graph.info
    held = Kept.of(graph)
    clicked = info.get("selected") or held.qParams.get("clickedId")
    groups = [group for group in info.get("supernodes") or [] if group]
    from_file = bool(held.metadata)
    if not (info.get("pinned") or groups or clicked or from_file):
        return None
    names = _names(graph)
    members = [_known(group[1:], names) for group in groups]
    state = ViewState(
        selected=names.get(str(clicked)),
        pinned=_known(info.get("pinned") or [], names),
        supernodes=[
            Supernode(id=f"supernode-{i}", label=str(group[0]), members=inside)
            for i, (group, inside) in enumerate(zip(groups, members, strict=True))
            if inside
        ],
    )
    whole = {"node_threshold": 1.0, "edge_threshold": 1.0}
    return state.model_copy(update=whole) if from_file else state


def with_state(graph: Graph, state: ViewState) -> Graph:
    """The graph with a state's pins, supernodes and selection in `info`, from where they are
    exported to Neuronpedia JSON."""
    names = {graph.nodes.name(i) for i in range(len(graph.nodes))}
    groups = [[s.label, *(m for m in s.members if m in names)] for s in state.supernodes]
    return graph.with_info(
        pinned=[name for name in state.pinned if name in names],
        supernodes=[group for group in groups if len(group) > 1],
        selected=state.selected if state.selected in names else "",
    )


def _names(graph: Graph) -> dict[str, str]:
    """`Nodes.name` of every node, by itself and by the node's id in Neuronpedia JSON."""
    own = [graph.nodes.name(i) for i in range(len(graph.nodes))]
    held = Kept.of(graph).nodes  # the ids of older files are other ones
    fields = entries(graph, torch.zeros(len(own)))
    ids = [(entry | held.get(i, {})).get("node_id") for i, entry in enumerate(fields)]
    # features last, so that an id they share with an error is theirs
    order = sorted(range(len(own)), key=lambda i: graph.nodes.kind[i] == "feature")
    return {str(ids[i]): own[i] for i in order if ids[i]} | {name: name for name in own}


def _known(ids: Sequence[str], names: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(names[i] for i in ids if i in names))
