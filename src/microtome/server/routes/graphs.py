"""Attribution graphs."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from microtome.artifact.json_file import parse_json
from microtome.circuit.verify.document import Verification
from microtome.circuit.view import MAX_EDGES, GraphView, ViewState
from microtome.errors import MicrotomeError
from microtome.server.routes.parameters import ERRORS, Id, Served, as_json
from microtome.server.services import Services

router = APIRouter(prefix="/graphs", tags=["graphs"], responses=ERRORS)

JSON = "application/json"
_ANY_OBJECT = {
    "content": {
        JSON: {"schema": {"additionalProperties": True, "title": "Document", "type": "object"}}
    },
    "required": True,
}
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


@router.get("/{id}/verification")
def get_verification(served: Served, id: Id) -> Verification | None:
    """What testing the graph found; null where it was not tested."""
    return served.graphs.verification(id)


@router.get("/{id}/neuronpedia", response_model=dict[str, Any])
def get_neuronpedia(
    served: Served, id: Id, node_threshold: Threshold = 0.8, edge_threshold: Threshold = 0.98
) -> Response:
    """The pruned graph in Neuronpedia's format."""
    return _as_finite_json(served.graphs.neuronpedia(id, node_threshold, edge_threshold))


@router.post("/{id}/neuronpedia", response_model=dict[str, Any])
def post_neuronpedia(served: Served, id: Id, state: ViewState) -> Response:
    """What a reader sees of the graph, saved or not, in Neuronpedia's format."""
    return _as_finite_json(served.graphs.neuronpedia_as_seen(id, state))


@router.post("/{id}/html", response_class=HTMLResponse)
def post_html(served: Served, id: Id, state: ViewState) -> Response:
    """What a reader sees of the graph as one HTML file that needs no server."""
    headers = {"Content-Disposition": "attachment"}
    return HTMLResponse(served.graphs.html(id, state), headers=headers)


def _as_finite_json(document: dict[str, Any]) -> Response:
    try:
        text = json.dumps(document, allow_nan=False)
    except ValueError as error:
        raise MicrotomeError("the graph holds numbers that are not finite; trace again") from error
    return Response(text, media_type=JSON)


@router.post("/import", response_model=GraphView, openapi_extra={"requestBody": _ANY_OBJECT})
async def import_graph(served: Served, request: Request) -> Response:
    """A graph of another tool as it is shown; nothing is kept."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
        raise HTTPException(415, f"send the graph as {JSON}")
    body = await request.body()
    # files have megabytes: read here, they would hold up everybody else
    return await run_in_threadpool(_imported, served, body)


def _imported(served: Services, body: bytes) -> Response:
    try:
        document = parse_json(body)
    except (ValueError, RecursionError) as error:
        raise MicrotomeError(f"the graph is not readable as JSON: {error}") from error
    if not isinstance(document, dict):
        raise MicrotomeError(
            f"the file holds a {type(document).__name__}, expected a graph as a JSON object"
        )
    return as_json(served.graphs.imported(document))
