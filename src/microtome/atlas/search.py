"""Finding features: by the words of a label, by a token, by what fires on a text."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from microtome.atlas.columns import FeatureColumns
from microtome.atlas.page import FeatureRow, XRay
from microtome.atlas.schema import AtlasContent
from microtome.atlas.tables import damaged
from microtome.errors import MicrotomeError

_LISTS = {
    "active": ("active_tokens", "active_shares"),
    "promote": ("top_tokens", "top_logits"),
}
_WORD = re.compile(r"\w+")
_ROWS_WITH_TOKEN = """
    SELECT id, sum(score) AS score FROM (
        SELECT id, unnest({tokens}) AS token, unnest({scores}) AS score FROM read_parquet($path)
    ) WHERE list_contains($wanted, token) GROUP BY id
"""


def label_rank(text: str, row: FeatureRow) -> tuple:
    """Smaller is better: the whole label, its beginning, the phrase in it, then its words; words
    as a whole before parts of words."""
    phrase, label = " ".join(text.lower().split()), row.label.lower()
    place = label.find(phrase)
    if label == phrase:
        kind = 0
    elif place == 0:
        kind = 1
    else:
        kind = 2 if place > 0 else 3
    partly = label.startswith("partly ")
    whole = set(_WORD.findall(label))
    parts = sum(word not in whole for word in _WORD.findall(phrase))
    return partly, parts, kind, -(row.score or 0.0), row.id


def matching_tokens(strings: Sequence[str], text: str) -> list[int]:
    """Ids of the tokens that a searcher may mean by a text."""
    if text != text.strip() and text in strings:
        return [i for i, string in enumerate(strings) if string == text]
    wanted = text.strip().lower()
    if not wanted:
        return []
    return [i for i, string in enumerate(strings) if string.strip().lower() == wanted]


def active_tokens(
    features: Path, tokens: list[int], by: str, limit: int
) -> tuple[int, list[tuple[int, float]]]:
    """Ids of features that have some tokens in their list, with the sum of their scores, largest
    first; and how many features there are in all.

    Raises:
        MicrotomeError: `by` is none of the lists, or the file is damaged.
    """
    if by not in _LISTS:
        raise MicrotomeError(f"search tokens by what? {by!r} is not one of {', '.join(_LISTS)}")
    names = dict(zip(("tokens", "scores"), _LISTS[by], strict=True))
    query = f"""WITH found AS ({_ROWS_WITH_TOKEN.format(**names)})
        SELECT id, score, count(*) OVER () FROM found ORDER BY score DESC, id LIMIT $limit"""
    values = {"path": str(features), "wanted": tokens, "limit": limit}
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(query, values).fetchall()
    except duckdb.Error as error:
        raise damaged(features, error) from error
    return (rows[0][2] if rows else 0), [(row[0], row[1]) for row in rows]


def xray_ranks(
    xray: XRay, content: AtlasContent, columns: FeatureColumns
) -> list[tuple[int, float]]:
    """Ids of the features active on a text with their largest activations, most telling first;
    tokens that do not count for the dictionary are left out.

    Telling is the activation as a share of the largest one in the corpus, times the bits by which
    a feature of its density surprises.
    """
    peak: dict[int, float] = {}
    for layer in xray.layers:
        first = content.encoders[layer.encoder].first_id
        counts = np.repeat(xray.counts, np.diff(layer.offsets)).tolist()
        for feature, value, count in zip(layer.features, layer.values, counts, strict=True):
            if not count:
                continue
            peak[first + feature] = max(peak.get(first + feature, 0.0), value)
    return sorted(peak.items(), key=lambda item: (-_telling(*item, columns), item[0]))


def _telling(number: int, value: float, columns: FeatureColumns) -> float:
    largest = max(float(columns["maximum"][number]), 1e-12)
    density = float(columns["density"][number])
    smallest = float(np.float32(1e-6))
    return min(value / largest, 1.0) * -math.log2(min(max(density, smallest), 1.0))
