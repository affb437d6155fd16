"""Explanations of features by language models, scored on held-out examples."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.explain.artifact import (
        LabelsContent,
        label_texts,
        labels_beside,
        labels_of,
        read_labels,
    )
    from microtome.explain.atlas import explain_atlas
    from microtome.explain.endpoint import Endpoint
    from microtome.explain.key import key_for
    from microtome.explain.label import ModelLabel, Score
    from microtome.explain.local import Local
    from microtome.explain.options import ExplainOptions
    from microtome.explain.plan import Plan, plan
    from microtome.explain.question import Stopped
    from microtome.explain.source import AtlasSource, active_features, drawn
    from microtome.explain.spending import Prices, Spending

__all__ = [
    "AtlasSource",
    "Endpoint",
    "ExplainOptions",
    "LabelsContent",
    "Local",
    "ModelLabel",
    "Plan",
    "Prices",
    "Score",
    "Spending",
    "Stopped",
    "active_features",
    "drawn",
    "explain_atlas",
    "key_for",
    "label_texts",
    "labels_beside",
    "labels_of",
    "plan",
    "read_labels",
]

lazy_face(
    __name__,
    {
        "artifact": "LabelsContent label_texts labels_beside labels_of read_labels",
        "atlas": "explain_atlas",
        "endpoint": "Endpoint",
        "key": "key_for",
        "label": "ModelLabel Score",
        "local": "Local",
        "options": "ExplainOptions",
        "plan": "Plan plan",
        "question": "Stopped",
        "source": "AtlasSource active_features drawn",
        "spending": "Prices Spending",
    },
)
