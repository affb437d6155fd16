"""The bundled atlas of the adder, through the server."""

import httpx

from tests.browser.conftest import Served

NAME = "specimen:adder/atlas"


def get(served: Served, path: str):
    return httpx.get(f"{served.url}api/{path}", trust_env=False).raise_for_status().json()


def atlas_id(served: Served) -> str:
    entries = get(served, "library")["entries"]
    return next(entry["id"] for entry in entries if entry["name"] == NAME)


def liveliest(served: Served, atlas: str, count: int = 1) -> list[dict]:
    """Rows of the features that are active most often."""
    return get(served, f"atlases/{atlas}/features?sort=-density&limit={count}")["rows"]
