"""Studies."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from microtome.server.routes.parameters import ERRORS, Id, Served

router = APIRouter(prefix="/studies", tags=["studies"], responses=ERRORS)

_ALONE = "; ".join(("sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:"))
"""A file of a served folder shows itself and does nothing: no script, no network, and an origin of
its own, from which this server cannot be asked."""


@router.get("/{id}/report", response_class=HTMLResponse)
def get_report(served: Served, id: Id) -> HTMLResponse:
    """What a study found, as its own page."""
    return HTMLResponse(served.report(id), headers={"content-security-policy": _ALONE})
