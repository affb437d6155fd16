"""The OpenAPI description of the routes, with the documents of exported files."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from microtome.server.document import ExportDocument

_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """The app's description, with the documents of exported files among its components."""
    if app.openapi_schema is None:
        described = FastAPI.openapi(app)
        _, more = models_json_schema([(ExportDocument, "validation")], ref_template=_REF)
        schemas = described["components"]["schemas"]
        for name, schema in more["$defs"].items():
            schemas.setdefault(name, schema)
        described["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = described
    return app.openapi_schema
