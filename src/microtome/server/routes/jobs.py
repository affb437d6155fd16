"""Model jobs: queued, one at a time."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response, StreamingResponse

from microtome.atlas.page import OperandPlot, XRay
from microtome.circuit.verify.document import Verification
from microtome.server.attention import EdgeHeads, Heads, HeadScore
from microtome.server.jobs import Download
from microtome.server.jobs.steer_recipe import OpenedRecipe, open_recipe
from microtome.server.routes.parameters import ERRORS, Id, Served
from microtome.server.schema import (
    EdgeJob,
    Entry,
    HeadsJob,
    Job,
    OperandsJob,
    Problem,
    ScoreJob,
    SteerHookJob,
    Steering,
    SteerJob,
    TraceJob,
    VerifyJob,
    XRayJob,
)
from microtome.server.services import Services


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


router = APIRouter(prefix="/jobs", tags=["jobs"], responses=ERRORS)

JobRequest = Annotated[
    TraceJob
    | XRayJob
    | OperandsJob
    | VerifyJob
    | EdgeJob
    | ScoreJob
    | HeadsJob
    | SteerJob
    | SteerHookJob,
    Body(discriminator="kind"),
]
JobResult = (
    XRay | list[OperandPlot] | Entry | Verification | EdgeHeads | HeadScore | Heads | Steering
)


@router.post("", status_code=202, responses={429: {"model": Problem}})
def post_job(served: Served, request: JobRequest) -> Job:
    """Queue a job."""
    return served.submit(request)


@router.post("/recipe")
def post_recipe(served: Served, document: Annotated[dict[str, Any], Body()]) -> OpenedRecipe:
    """Check a steering recipe, and find what it is for; nothing is run or kept."""
    return open_recipe(served.library, document)


@router.get("")
def get_jobs(served: Served) -> list[Job]:
    """Those remembered, the newest first."""
    return served.jobs.jobs()


@router.get("/{id}")
def get_job(served: Served, id: Id) -> Job:
    """How far a job is."""
    return served.jobs.job(id)


@router.delete("/{id}")
def cancel_job(served: Served, id: Id) -> Job:
    """Cancel a job that is queued or runs."""
    return served.jobs.cancel(id)


@router.get("/{id}/events", response_class=EventStream)
async def get_events(served: Served, id: Id) -> EventStream:
    """Server-sent events named `job`, each with a `Job`, until it ends."""
    served.jobs.job(id)  # an unknown one is refused before the stream begins
    return EventStream(_events(served, id))


@router.get("/{id}/result", responses={409: {"model": Problem}}, response_model=JobResult)
def get_result(served: Served, id: Id) -> Any:
    """What a job made: an X-ray, operand plots, the entry of the new graph, a verification, what
    heads carry and do, two texts side by side; of a `steer-hook` a zip."""
    result = served.jobs.result(id)
    if isinstance(result, Download):
        disposition = f'attachment; filename="{result.name}"'
        return Response(
            result.content, 200, {"Content-Disposition": disposition}, result.media_type
        )
    return result


async def _events(served: Services, id: str) -> AsyncIterator[str]:
    async for job in served.jobs.watch(id):
        # a comment keeps the connection from being taken for dead
        yield f"event: job\ndata: {job.model_dump_json()}\n\n" if job else ": still here\n\n"
