"""The application: routes below /api, the viewer below /."""

from fastapi import FastAPI

from microtome.server.openapi import describe
from microtome.server.routes import routers


def describe_only() -> FastAPI:
    """The routes without anything behind them."""
    app = FastAPI(
        title="microtome",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        separate_input_output_schemas=False,
    )
    for router in routers():
        app.include_router(router, prefix="/api")
    app.openapi = lambda: describe(app)
    return app
