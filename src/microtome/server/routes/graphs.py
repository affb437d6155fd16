"""Attribution graphs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from microtome.circuit.view import MAX_EDGES, GraphView, ViewState
from microtome.server.routes.parameters import ERRORS, Id

router = APIRouter(prefix="/graphs", tags=["graphs"], responses=ERRORS)

Threshold = Annotated[float, Query(ge=0, le=1)]
MaxEdges = Annotated[int, Query(ge=1, le=MAX_EDGES)]


@router.get("/{id}")
def get_graph(id: Id, max_edges: MaxEdges = MAX_EDGES) -> GraphView:
    """A graph with the labels of people and atlases, pruned where it has more edges."""
    raise NotImplementedError


@router.put("/{id}/state")
def put_state(id: Id, state: ViewState) -> ViewState:
    """Save what a reader did to the graph."""
    raise NotImplementedError


@router.get("/{id}/neuronpedia")
def get_neuronpedia(
    id: Id, node_threshold: Threshold = 0.8, edge_threshold: Threshold = 0.98
) -> dict[str, Any]:
    """The pruned graph in Neuronpedia's format."""
    raise NotImplementedError


@router.post("/import")
def import_graph(document: dict[str, Any]) -> GraphView:
    """A graph of another tool as it is shown; nothing is kept."""
    raise NotImplementedError
