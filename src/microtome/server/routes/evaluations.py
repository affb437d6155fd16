"""Evaluations."""

from typing import Any

from fastapi import APIRouter

from microtome.server.routes.parameters import ERRORS, Id, Served

router = APIRouter(prefix="/evaluations", tags=["evaluations"], responses=ERRORS)


@router.get("/{id}")
def get_evaluation(served: Served, id: Id) -> list[dict[str, Any]]:
    """What was measured, one for every dictionary: the content of evaluation.json."""
    return served.evaluation(id)
