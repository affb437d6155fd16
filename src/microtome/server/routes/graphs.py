"""Attribution graphs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from microtome.circuit.view import MAX_EDGES, GraphView, ViewState
from microtome.server.routes.parameters import ERRORS, Id, Served, as_json

router = APIRouter(prefix="/graphs", tags=["graphs"], responses=ERRORS)

Threshold = Annotated[float, Query(ge=0, le=1)]
MaxEdges = Annotated[int, Query(ge=1, le=MAX_EDGES)]


@router.get("/{id}", response_model=GraphView)
def get_graph(served: Served, id: Id, max_edges: MaxEdges = MAX_EDGES) -> Response:
    """A graph with the labels of people and atlases, pruned where it has more edges."""
    return as_json(served.graphs.view(id, max_edges))


@router.put("/{id}/state")
def put_state(served: Served, id: Id, state: ViewState) -> ViewState:
    """Save what a reader did to the graph."""
    return served.graphs.save_state(id, state)


@router.get("/{id}/neuronpedia")
def get_neuronpedia(
    served: Served, id: Id, node_threshold: Threshold = 0.8, edge_threshold: Threshold = 0.98
) -> dict[str, Any]:
    """The pruned graph in Neuronpedia's format."""
    return served.graphs.neuronpedia(id, node_threshold, edge_threshold)


@router.post("/import", response_model=GraphView)
def import_graph(served: Served, document: dict[str, Any]) -> Response:
    """A graph of another tool as it is shown; nothing is kept."""
    return as_json(served.graphs.imported(document))
