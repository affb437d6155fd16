"""What is there."""

from fastapi import APIRouter

from microtome.server.routes.parameters import ERRORS, Id
from microtome.server.schema import EntryDetail, Library

router = APIRouter(tags=["library"], responses=ERRORS)


@router.get("/library")
def get_library() -> Library:
    """Every artifact found in the folders served."""
    raise NotImplementedError


@router.get("/artifacts/{id}")
def get_artifact(id: Id) -> EntryDetail:
    """One artifact with its manifest and what belongs to it."""
    raise NotImplementedError
