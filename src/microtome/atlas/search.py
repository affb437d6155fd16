"""Finding features: by the words of a label, by a token, by what fires on a text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from microtome.atlas.columns import FeatureColumns
from microtome.atlas.page import XRay
from microtome.atlas.schema import AtlasContent
from microtome.atlas.tables import damaged
from microtome.errors import MicrotomeError

_LISTS = {
    "active": ("active_tokens", "active_shares"),
    "promote": ("top_tokens", "top_logits"),
}
_ROWS_WITH_TOKEN = """
    SELECT id, sum(score) AS score FROM (
        SELECT id, unnest({tokens}) AS token, unnest({scores}) AS score FROM read_parquet($path)
    ) WHERE list_contains($wanted, token) GROUP BY id
"""


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


@dataclass(frozen=True)
class OnText:
    """A feature on a text: where it is most active, and how much that says of the text."""

    id: int
    activation: float
    position: int
    telling: float
    """The activation as a share of the largest one in the corpus, times the bits by which a
    feature of its density surprises."""


def xray_ranks(xray: XRay, content: AtlasContent, columns: FeatureColumns) -> list[OnText]:
    """The features active on a text, most telling first; tokens that do not count for the
    dictionary are left out."""
    peak: dict[int, tuple[float, int]] = {}
    for layer in xray.layers:
        first = content.encoders[layer.encoder].first_id
        positions = np.repeat(np.arange(len(xray.tokens)), np.diff(layer.offsets)).tolist()
        for feature, value, position in zip(layer.features, layer.values, positions, strict=True):
            before, _ = peak.get(first + feature, (0.0, 0))
            if xray.counts[position] and value > before:
                peak[first + feature] = value, position
    found = [
        OnText(number, value, position, _telling(number, value, columns))
        for number, (value, position) in peak.items()
    ]
    return sorted(found, key=lambda one: (-one.telling, one.id))


def _telling(number: int, value: float, columns: FeatureColumns) -> float:
    largest = max(float(columns["maximum"][number]), 1e-12)
    density = float(columns["density"][number])
    smallest = float(np.float32(1e-6))
    return min(value / largest, 1.0) * -math.log2(min(max(density, smallest), 1.0))
