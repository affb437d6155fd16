"""The documents in which an atlas is shown: by the server, in files, in the terminal."""

from pydantic import BaseModel, ConfigDict


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TokenScore(_Document):
    token: int
    text: str
    score: float
    rate: float | None = None


class Example(_Document):
    """A window of text, with the feature's activation on every token of it."""

    document: int
    position: int
    activation: float
    peak: int
    tokens: list[str]
    values: list[float]


class Band(_Document):
    """Examples of one range of activations."""

    name: str
    """Such as `top`, or `60% to 80%`: quantiles of the feature's activations."""
    low: float
    high: float
    examples: list[Example]


class FeatureRow(_Document):
    """A feature in a list."""

    id: int
    encoder: int
    feature: int
    layer: int
    name: str
    """As it is written: L3/127."""
    label: str
    label_source: str
    """`automatic`, `concept`, `model` (explained by a language model), `person`, or empty."""
    density: float
    maximum: float
    score: float | None = None
    """Of a search or a neighbour: cosine, activation, share."""


class FeatureList(_Document):
    """Part of a list of features."""

    total: int
    rows: list[FeatureRow]


class Histogram(_Document):
    edges: list[float]
    counts: list[int]


class OperandPlot(_Document):
    """Activations of a feature over all pairs of operands."""

    guise: str
    position: int
    token: str
    maximum: float
    values: list[list[float]]
    """A row for every first operand, in it a value for every second."""


class FeaturePage(FeatureRow):
    """All that an atlas knows of one feature."""

    dictionary: str
    model: str
    site: str
    count: int
    mean: float
    quantiles: dict[str, float]
    histogram: Histogram
    bands: list[Band]
    """The top examples first, then quantile bands from high to low."""
    top_logits: list[TokenScore]
    bottom_logits: list[TokenScore]
    active_tokens: list[TokenScore]
    before_tokens: list[TokenScore]
    positions: list[float]
    position_edges: list[int]
    decoder_neighbours: list[FeatureRow]
    encoder_neighbours: list[FeatureRow]
    coactive_neighbours: list[FeatureRow]
    x: float | None
    y: float | None
    cluster: int | None
    cluster_label: str
    automatic_label: str
    automatic_source: str
    """`automatic`, `concept`, or empty."""
    automatic_score: float | None
    """F1 of the automatic label as a rule, on text that it was not made from."""
    automatic_precision: float | None
    automatic_recall: float | None


class AtlasMap(_Document):
    """All features on the map, column by column."""

    id: list[int]
    encoder: list[int]
    feature: list[int]
    layer: list[int]
    density: list[float]
    x: list[float]
    y: list[float]
    cluster: list[int]
    label: list[str]
    clusters: list["ClusterRow"]


class ClusterRow(_Document):
    cluster: int
    size: int
    x: float
    y: float
    label: str


class XRayLayer(_Document):
    """Active features of one encoder on every token, in compressed rows."""

    encoder: int
    layer: int
    site: str
    offsets: list[int]
    features: list[int]
    values: list[float]


class XRay(_Document):
    """Every feature that is active on a text."""

    text: str
    tokens: list[str]
    counts: list[bool]
    """Whether the dictionary was trained on tokens such as this one; features are shown anyway."""
    layers: list[XRayLayer]
    labels: dict[str, str]
    """By encoder/feature, of features with a label."""
