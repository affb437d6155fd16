"""Groups in what is saved with a graph: whose they are, and which may be replaced."""

import hashlib
from collections.abc import Sequence

from microtome.circuit.graph import Graph
from microtome.circuit.supernode.flow import node_order
from microtome.circuit.view import Supernode, ViewState

_PREFIX = "role-"
"""Of ids of groups that were not made by hand."""


def role_id(label: str, members: Sequence[str]) -> str:
    """Id of an automatic group. It follows from name and members, so that a group that somebody
    renamed or changed no longer fits its id: it is theirs from then on."""
    text = "\n".join([label, *sorted(members)])
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:12]


def is_automatic(supernode: Supernode) -> bool:
    """Whether a group was made by `group` and nobody changed it."""
    return supernode.id == role_id(supernode.label, supernode.members)


def by_hand(graph: Graph, state: ViewState | None) -> list[tuple[str, tuple[int, ...]]]:
    """Names and nodes of the groups that people made; a node in two of them is of the first."""
    theirs = [s for s in (state.supernodes if state else []) if not is_automatic(s)]
    return in_graph(graph, theirs)


def in_graph(graph: Graph, supernodes: Sequence[Supernode]) -> list[tuple[str, tuple[int, ...]]]:
    """Names and nodes of groups; a node in two of them is of the first."""
    index = {graph.nodes.name(i): i for i in node_order(graph)}
    rank = {node: at for at, node in enumerate(index.values())}
    found, taken = [], set()
    for supernode in supernodes:
        members = {index[name] for name in supernode.members if name in index} - taken
        taken |= members
        if members:
            found.append((supernode.label, tuple(sorted(members, key=rank.__getitem__))))
    return found


def merged_state(before: ViewState, made: Sequence[tuple[str, Sequence[str]]]) -> ViewState:
    """The state with new automatic groups behind those that people made; automatic groups of
    before go, and their places with them."""
    theirs = [supernode for supernode in before.supernodes if not is_automatic(supernode)]
    new = [
        Supernode(id=role_id(label, members), label=label, members=list(members))
        for label, members in made
    ]
    gone = {s.id for s in before.supernodes} - {s.id for s in (*theirs, *new)}
    places = {name: at for name, at in before.places.items() if name not in gone}
    return before.model_copy(update={"supernodes": [*theirs, *new], "places": places})
