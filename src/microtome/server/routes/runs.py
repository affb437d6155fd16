"""Training runs, while they go on and afterwards."""

from typing import Annotated

from fastapi import APIRouter, Query

from microtome.server.routes.parameters import ERRORS, Id, Served
from microtome.server.schema import Metrics, RunInfo

router = APIRouter(prefix="/runs/{id}", tags=["runs"], responses=ERRORS)


@router.get("")
def get_run(served: Served, id: Id) -> RunInfo:
    """A run's recipe and how far it is."""
    return served.run_info(id)


@router.get("/metrics")
def get_metrics(
    served: Served, id: Id, start: Annotated[int, Query(ge=0, lt=2**53)] = 0
) -> Metrics:
    """Rows of metrics from a byte on; only lines that are written to their end."""
    return served.metrics(id, start)
