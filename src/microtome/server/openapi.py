"""The OpenAPI description, from which the viewer's types are made: `python -m` prints it."""

import json
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from microtome.server.document import ExportDocument

_REF = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """The app's description, with the documents of exported files among its components."""
    described = FastAPI.openapi(app)
    _, more = models_json_schema([(ExportDocument, "validation")], ref_template=_REF)
    schemas = described["components"]["schemas"]
    for name, schema in more["$defs"].items():
        schemas.setdefault(name, schema)
    described["components"]["schemas"] = dict(sorted(schemas.items()))
    return described


def document() -> dict[str, Any]:
    """The description of the server, the same on every machine."""
    from microtome.server.app import describe_only

    return describe_only().openapi()


def main() -> None:
    print(json.dumps(document(), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
