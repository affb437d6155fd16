"""An explanation of a feature, and how well it predicts where the feature is active."""

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from microtome.explain.intervals import balanced_accuracy

_SCORE = pa.struct(
    [
        ("value", pa.float32()),
        ("low", pa.float32()),
        ("high", pa.float32()),
        ("hits", pa.int32()),
        ("positives", pa.int32()),
        ("rejections", pa.int32()),
        ("negatives", pa.int32()),
        ("unanswered", pa.int32()),
    ]
)
LABEL_COLUMNS = pa.schema(
    [
        ("encoder", pa.int16()),  # sorted by encoder, feature
        ("feature", pa.int32()),
        ("label", pa.string()),  # empty where there is none
        ("detection", _SCORE),
        ("fuzzing", _SCORE),
        ("control", _SCORE),  # detection with the explanation of another feature
        ("problem", pa.string()),  # why there is no label or no score
    ]
)


class Score(BaseModel):
    """Balanced accuracy of verdicts; 0.5 is chance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    """Of the interval of 95%."""
    high: float
    hits: int
    """Verdicts of 1 where it should be 1."""
    positives: int
    rejections: int
    """Verdicts of 0 where it should be 0."""
    negatives: int
    unanswered: int = 0
    """Excerpts without a verdict that could be read; not counted above."""

    @staticmethod
    def of(truths: list[bool], verdicts: list[bool | None]) -> "Score | None":
        """From what is so and what was said; None where one of the two classes has no verdict."""
        said = [(t, v) for t, v in zip(truths, verdicts, strict=True) if v is not None]
        positives = sum(t for t, _ in said)
        negatives = len(said) - positives
        if not positives or not negatives:
            return None
        hits = sum(t and bool(v) for t, v in said)
        rejections = sum(not t and not v for t, v in said)
        value, low, high = balanced_accuracy(hits, positives, rejections, negatives)
        return Score(
            value=value,
            low=low,
            high=high,
            hits=hits,
            positives=positives,
            rejections=rejections,
            negatives=negatives,
            unanswered=len(truths) - len(said),
        )


class ModelLabel(BaseModel):
    """What a language model says of a feature."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: int
    feature: int
    label: str
    detection: Score | None = None
    """Are held-out examples told from random windows by the explanation?"""
    fuzzing: Score | None = None
    """Are right marks told from wrong ones by it?"""
    control: Score | None = None
    """Detection with the explanation of another feature: what the score is without the meaning."""
    problem: str = ""

    @property
    def score(self) -> float | None:
        """Detection's balanced accuracy, which a list shows."""
        return None if self.detection is None else self.detection.value
