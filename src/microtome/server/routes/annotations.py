"""What people write about features."""

from typing import Annotated

from fastapi import APIRouter, Query

from microtome.annotation import Annotation, AnnotationIn, Revision
from microtome.annotation.schema import Text
from microtome.server.routes.parameters import ERRORS, Served
from microtome.server.schema import Conflict

router = APIRouter(prefix="/annotations", tags=["annotations"], responses=ERRORS)

Fingerprint = Annotated[Text, Query(min_length=1, max_length=200, description="Of the dictionary.")]
Count = Annotated[int, Query(ge=0, lt=2**31)]
Number = Annotated[int | None, Query(ge=0, lt=2**31)]


@router.get("")
def get_annotations(
    served: Served, dictionary: Fingerprint, encoder: Number = None, feature: Number = None
) -> list[Annotation]:
    """Those of a dictionary, or of one of its features."""
    return served.notebook.annotations(dictionary, encoder, feature)


@router.put("", responses={409: {"model": Conflict}})
def put_annotation(served: Served, edit: AnnotationIn) -> Annotation:
    """Write a label, note or rating; refused where another edit came first."""
    return served.notebook.put(edit)


@router.get("/history")
def get_history(
    served: Served, dictionary: Fingerprint, encoder: Count, feature: Count
) -> list[Revision]:
    """Every edit of one annotation, the first one first."""
    return served.notebook.history(dictionary, encoder, feature)
