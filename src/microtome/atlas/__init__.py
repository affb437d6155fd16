"""The atlas: what is known of every feature of a dictionary."""

from microtome.atlas.build import build_atlas
from microtome.atlas.options import BuildOptions
from microtome.atlas.schema import AtlasContent

__all__ = ["AtlasContent", "BuildOptions", "build_atlas"]
