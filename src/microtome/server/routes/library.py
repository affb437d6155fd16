"""What is there."""

from fastapi import APIRouter

from microtome.server.routes.parameters import ERRORS, Id, Served
from microtome.server.schema import EntryDetail, Library

router = APIRouter(tags=["library"], responses=ERRORS)


@router.get("/library")
def get_library(served: Served) -> Library:
    """Every artifact found in the folders served."""
    return served.library.library()


@router.get("/artifacts/{id}")
def get_artifact(served: Served, id: Id) -> EntryDetail:
    """One artifact with its manifest and what belongs to it."""
    return served.library.detail(id)
