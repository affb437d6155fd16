"""An atlas of the dictionary that the library's run has trained."""

from pathlib import Path

import httpx

import microtome as mt
from microtome.atlas import BuildOptions, build_atlas
from tests.browser.conftest import Served

PLACE = Path("atlases") / "tiny"


def tiny_atlas(served: Served) -> str:
    """Its id on the server, after building it where it is not there yet."""
    out = served.folder / PLACE
    if not (out / "manifest.json").is_file():
        model = mt.load_model("specimen:adder", device="cpu")
        dictionary = mt.load_dictionary(served.folder / "runs" / "tiny" / "plt")
        build_atlas(model, dictionary, served.folder / "sums.jsonl", out, BuildOptions(context=8))
    return served.id(str(PLACE))


def liveliest(served: Served, atlas: str, count: int = 1) -> list[dict]:
    """Rows of the features that are active most often."""
    address = f"{served.url}api/atlases/{atlas}/features?sort=density&limit={count}"
    return httpx.get(address, trust_env=False).raise_for_status().json()["rows"]
