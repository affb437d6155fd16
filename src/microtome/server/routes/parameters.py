"""Parameters that several routes have."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from microtome.server.schema import Problem
from microtome.server.services import Services

Id = Annotated[str, Path(max_length=64, description="Of an entry of the library, or of a job.")]
Encoder = Annotated[int, Path(ge=0, lt=2**15)]
Feature = Annotated[int, Path(ge=0, lt=2**31)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, lt=2**31)]
Text = Annotated[str, Query(max_length=500)]

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 422)
}
"""What every route may answer instead."""


def _services(request: Request) -> Services:
    return request.app.state.services


Served = Annotated[Services, Depends(_services)]


def as_json(document: BaseModel) -> Response:
    """A large document as it is: it need not be checked a second time."""
    return Response(document.model_dump_json(), media_type="application/json")
