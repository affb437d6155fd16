"""Model jobs: queued, one at a time."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

from microtome.atlas.page import OperandPlot, XRay
from microtome.server.routes.parameters import ERRORS, Id
from microtome.server.schema import Entry, Job, OperandsJob, Problem, TraceJob, XRayJob

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=ERRORS)

Request = Annotated[TraceJob | XRayJob | OperandsJob, Body(discriminator="kind")]


@router.post("", status_code=202, responses={429: {"model": Problem}})
def post_job(request: Request) -> Job:
    """Queue a job."""
    raise NotImplementedError


@router.get("")
def get_jobs() -> list[Job]:
    """Those remembered, the newest first."""
    raise NotImplementedError


@router.get("/{id}")
def get_job(id: Id) -> Job:
    """How far a job is."""
    raise NotImplementedError


@router.delete("/{id}")
def cancel_job(id: Id) -> Job:
    """Cancel a job that is queued or runs."""
    raise NotImplementedError


@router.get("/{id}/events", response_class=StreamingResponse)
async def get_events(id: Id):
    """Server-sent events named `job`, each with a `Job`, until it ends."""
    raise NotImplementedError


@router.get("/{id}/result", responses={409: {"model": Problem}})
def get_result(id: Id) -> XRay | list[OperandPlot] | Entry:
    """What a job made: an X-ray, operand plots, or the entry of the new graph."""
    raise NotImplementedError
