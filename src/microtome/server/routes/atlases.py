"""Features: lists, pages, the map, search."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from microtome.atlas.columns import SORTS
from microtome.atlas.page import AtlasMap, FeatureList, FeaturePage
from microtome.server.routes.parameters import (
    ERRORS,
    Encoder,
    Feature,
    Id,
    Limit,
    Offset,
    Served,
    Text,
    as_json,
)
from microtome.server.schema import AtlasInfo, FeatureInGraph

router = APIRouter(prefix="/atlases/{id}", tags=["atlases"], responses=ERRORS)

Sort = Annotated[
    str,
    Query(
        pattern=f"^-?({'|'.join(SORTS)})$",
        description=f"{', '.join(SORTS)}; with - in front from the largest down.",
    ),
]
Name = Annotated[str, Query(max_length=50, description="Of a feature: L3/127.")]


@router.get("")
def get_atlas(served: Served, id: Id) -> AtlasInfo:
    """What the atlas is of."""
    return served.atlases.info(id)


@router.get("/map", response_model=AtlasMap)
def get_map(served: Served, id: Id) -> Response:
    """All features on the map."""
    return as_json(served.atlases.map(id))


@router.get("/features")
def get_features(
    served: Served,
    id: Id,
    layer: int | None = None,
    cluster: int | None = None,
    sort: Sort = "id",
    q: Text = "",
    limit: Limit = 100,
    offset: Offset = 0,
) -> FeatureList:
    """A part of the list of features; `q` is words in the label, or a name."""
    return served.atlases.rows(id, sort, layer, cluster, q, limit, offset)


@router.get("/features/{encoder}/{feature}")
def get_feature(served: Served, id: Id, encoder: Encoder, feature: Feature) -> FeaturePage:
    """All that is known of one feature."""
    return served.atlases.page(id, encoder, feature)


@router.get("/features/{encoder}/{feature}/graphs")
def get_graphs_of_feature(
    served: Served, id: Id, encoder: Encoder, feature: Feature
) -> list[FeatureInGraph]:
    """Graphs in which the feature is active, the newest first."""
    return served.occurrences.of(id, encoder, feature)


@router.get("/search")
def search(
    served: Served,
    id: Id,
    label: Text = "",
    token: Text = "",
    similar: Name = "",
    limit: Limit = 50,
) -> FeatureList:
    """Features by label, by the token they are active on, or like another (L3/127)."""
    return served.atlases.search(id, label, token, similar, limit)
