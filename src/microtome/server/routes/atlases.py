"""Features: lists, pages, the map, search."""

from typing import Literal

from fastapi import APIRouter

from microtome.atlas.page import AtlasMap, FeatureList, FeaturePage
from microtome.server.routes.parameters import ERRORS, Encoder, Feature, Id, Limit, Offset, Text
from microtome.server.schema import AtlasInfo

router = APIRouter(prefix="/atlases/{id}", tags=["atlases"], responses=ERRORS)


@router.get("")
def get_atlas(id: Id) -> AtlasInfo:
    """What the atlas is of."""
    raise NotImplementedError


@router.get("/map")
def get_map(id: Id) -> AtlasMap:
    """All features on the map."""
    raise NotImplementedError


@router.get("/features")
def get_features(
    id: Id,
    layer: int | None = None,
    cluster: int | None = None,
    sort: Literal["id", "density", "maximum", "label_score"] = "id",
    q: Text = "",
    limit: Limit = 100,
    offset: Offset = 0,
) -> FeatureList:
    """A part of the list of features; `q` is text in the label."""
    raise NotImplementedError


@router.get("/features/{encoder}/{feature}")
def get_feature(id: Id, encoder: Encoder, feature: Feature) -> FeaturePage:
    """All that is known of one feature."""
    raise NotImplementedError


@router.get("/search")
def search(
    id: Id, label: Text = "", token: Text = "", similar: Text = "", limit: Limit = 50
) -> FeatureList:
    """Features by label, by the token they are active on, or like another (L3/127)."""
    raise NotImplementedError
