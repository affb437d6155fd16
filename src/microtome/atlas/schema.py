"""What lies in an atlas folder: the columns of its Parquet files, and what its manifest says."""

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, NonNegativeInt, field_validator

FEATURES, EXAMPLES = "features.parquet", "examples.parquet"
MAP, CLUSTERS = "map.parquet", "clusters.parquet"
VOCABULARY = "vocabulary.parquet"
WINDOWS = "windows.parquet"

_IDS, _REALS = pa.list_(pa.int32()), pa.list_(pa.float32())

FEATURE_COLUMNS = pa.schema(
    [
        ("id", pa.int32()),  # rises through encoders, then features; the file is sorted by it
        ("encoder", pa.int16()),
        ("feature", pa.int32()),
        ("layer", pa.int16()),  # of the first site that the encoder reads; -1 where it has none
        ("count", pa.int64()),  # tokens on which it was active
        ("density", pa.float32()),  # share of the tokens that count
        ("maximum", pa.float32()),
        ("mean", pa.float32()),  # over the tokens on which it was active
        ("quantiles", _REALS),  # of its activations, at `QUANTILES`; from a uniform sample
        ("histogram_edges", _REALS),  # rising, one more than counts; logarithmic bins
        ("histogram", pa.list_(pa.int64())),
        ("top_tokens", _IDS),  # that it promotes most, through the frozen final norm
        ("top_logits", _REALS),
        ("bottom_tokens", _IDS),
        ("bottom_logits", _REALS),
        ("active_tokens", _IDS),  # on which it was active most often
        ("active_shares", _REALS),  # share of its activations that were on the token
        ("active_rates", _REALS),  # share of the token's occurrences on which it was active
        ("before_tokens", _IDS),  # the token before
        ("before_shares", _REALS),
        ("positions", _REALS),  # share of its activations by bucket of position
        ("decoder_neighbours", _IDS),  # ids of features
        ("decoder_cosines", _REALS),
        ("encoder_neighbours", _IDS),
        ("encoder_cosines", _REALS),
        ("coactive_neighbours", _IDS),
        ("coactive_scores", _REALS),  # cosine of activations over a sample of tokens
        ("label", pa.string()),  # automatic; empty where nothing could be said
        ("label_source", pa.string()),  # `automatic`, `concept`, or empty
        ("label_score", pa.float32()),  # F1 of the label as a rule on what it was not made from
        ("label_precision", pa.float32()),  # NaN, as the score, where there is no label
        ("label_recall", pa.float32()),
    ]
)

EXAMPLE_COLUMNS = pa.schema(
    [
        ("id", pa.int32()),  # sorted by id, band, rank
        ("band", pa.int8()),  # 0: the largest activations; 1 upwards: quantile bands, highest first
        ("rank", pa.int16()),
        ("document", pa.int64()),
        ("position", pa.int32()),  # of the window's first token in its row
        ("activation", pa.float32()),
        ("peak", pa.int16()),  # of the activation, counted from the window's first token
        ("tokens", _IDS),
        ("values", _REALS),  # the feature's activation on every token of the window
    ]
)

MAP_COLUMNS = pa.schema(
    [
        ("id", pa.int32()),
        ("encoder", pa.int16()),
        ("feature", pa.int32()),
        ("layer", pa.int16()),
        ("density", pa.float32()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("cluster", pa.int32()),  # -1: in none
        ("label", pa.string()),
    ]
)

CLUSTER_COLUMNS = pa.schema(
    [
        ("cluster", pa.int32()),
        ("size", pa.int32()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("label", pa.string()),
    ]
)

VOCABULARY_COLUMNS = pa.schema(
    [("token", pa.int32()), ("text", pa.string()), ("count", pa.int64())]
)

FEATURE_ROW_GROUP, EXAMPLE_ROW_GROUP = 1024, 4096
"""Rows of a row group: a page reads one of either file, and lists read few columns of all."""

WINDOW_COLUMNS = pa.schema(
    [
        ("window", pa.int32()),  # drawn from the corpus without regard to any feature
        ("position", pa.int32()),  # of the window's first token in its row
        ("tokens", pa.list_(pa.int32())),
        ("active", pa.list_(pa.int32())),  # ids of the features active on any token of it, rising
    ]
)

QUANTILES = (0.25, 0.5, 0.75, 0.9, 0.99)


class EncoderContent(BaseModel):
    """One encoder of the dictionary."""

    model_config = ConfigDict(extra="forbid")

    reads: list[str]
    layer: int
    """Of the first site read; -1 where it has none."""
    features: NonNegativeInt
    first_id: NonNegativeInt


class AtlasContent(BaseModel):
    """What the manifest of an atlas says of it."""

    model_config = ConfigDict(extra="forbid")

    model: str
    dictionary: str
    dictionary_kind: str
    encoders: list[EncoderContent]
    tokens: int
    """That count, over which densities are taken."""
    documents: int
    context: int
    window: tuple[int, int]
    """Tokens shown before and behind the peak of an example."""
    bands: int
    """Quantile bands beside the top examples."""
    position_edges: list[int]
    """First position of every bucket of `positions`."""
    warnings: list[str] = []

    @field_validator("encoders")
    @classmethod
    def _count_through(cls, encoders: list[EncoderContent]) -> list[EncoderContent]:
        """Ids count through the encoders without a gap."""
        first = 0
        for encoder in encoders:
            if encoder.first_id != first:
                raise ValueError(f"an encoder's first_id is {encoder.first_id}, expected {first}")
            first += encoder.features
        return encoders
