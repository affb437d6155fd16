"""The document inside an exported file or a notebook: what the viewer shows without a server."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from microtome.atlas.page import FeaturePage
from microtome.circuit.verify.document import Verification
from microtome.circuit.view import GraphView
from microtome.server.schema import Document, RunInfo


class GraphDocument(Document):
    kind: Literal["graph"] = "graph"
    graph: GraphView
    features: dict[str, FeaturePage] = Field(default_factory=dict)
    """By encoder/feature."""
    verification: Verification | None = None


class FeatureDocument(Document):
    kind: Literal["feature"] = "feature"
    page: FeaturePage


class EvaluationDocument(Document):
    kind: Literal["evaluation"] = "evaluation"
    evaluation: list[dict[str, Any]]
    """Content of `evaluation.json`: one for every dictionary."""


class RunDocument(Document):
    kind: Literal["run"] = "run"
    run: RunInfo
    metrics: list[dict[str, Any]]


class ExportDocument(
    RootModel[
        Annotated[
            GraphDocument | FeatureDocument | EvaluationDocument | RunDocument,
            Field(discriminator="kind"),
        ]
    ]
):
    """Any of them, told apart by `kind`."""
