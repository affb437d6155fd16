"""The application: routes below /api, the viewer below /."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from microtome.server.description import describe
from microtome.server.guard import Guard
from microtome.server.problems import explain_problems
from microtome.server.routes import routers
from microtome.server.services import Services
from microtome.server.settings import Settings
from microtome.server.static import app_folder, viewer_router


def create_app(settings: Settings) -> FastAPI:
    """The whole server as an ASGI application.

    Args:
        settings: what is served, and to whom.

    Raises:
        MicrotomeError: a folder or a database that cannot be opened.
    """
    app = describe_only()
    app.state.services = Services(settings)
    app.include_router(viewer_router(app_folder()))
    explain_problems(app)
    app.add_middleware(Guard, settings=settings)
    return app


def describe_only() -> FastAPI:
    """The routes without anything behind them."""
    app = FastAPI(
        title="microtome",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        separate_input_output_schemas=False,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    for router in routers():
        app.include_router(router, prefix="/api")
    app.openapi = lambda: describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(app.state.services.close)
