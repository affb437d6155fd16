"""What people write about features."""

from typing import Annotated

from fastapi import APIRouter, Query

from microtome.server.routes.parameters import ERRORS
from microtome.server.schema import Annotation, AnnotationIn, Conflict, Revision

router = APIRouter(prefix="/annotations", tags=["annotations"], responses=ERRORS)

Fingerprint = Annotated[str, Query(max_length=100, description="Of the dictionary.")]
Number = Annotated[int | None, Query(ge=-1, lt=2**31)]


@router.get("")
def get_annotations(
    dictionary: Fingerprint, encoder: Number = None, feature: Number = None
) -> list[Annotation]:
    """Those of a dictionary, or of one of its features."""
    raise NotImplementedError


@router.put("", responses={409: {"model": Conflict}})
def put_annotation(edit: AnnotationIn) -> Annotation:
    """Write a label, note or rating; refused where another edit came first."""
    raise NotImplementedError


@router.get("/history")
def get_history(dictionary: Fingerprint, encoder: int, feature: int) -> list[Revision]:
    """Every edit of one annotation, the first one first."""
    raise NotImplementedError
