"""The atlas: what is known of every feature of a dictionary."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.atlas.build import build_atlas
    from microtome.atlas.options import BuildOptions
    from microtome.atlas.query import Atlas, open_atlas
    from microtome.atlas.schema import AtlasContent
    from microtome.atlas.xray import features_on_text

__all__ = ["Atlas", "AtlasContent", "BuildOptions", "build_atlas", "features_on_text", "open_atlas"]

lazy_face(
    __name__,
    {
        "build": "build_atlas",
        "options": "BuildOptions",
        "query": "Atlas open_atlas",
        "schema": "AtlasContent",
        "xray": "features_on_text",
    },
)
