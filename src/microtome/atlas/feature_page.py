"""The page of a feature, from its rows in the files."""

from collections.abc import Callable
from typing import Any

from microtome.atlas.page import (
    Band,
    Example,
    FeaturePage,
    FeatureRow,
    Histogram,
    TokenScore,
)
from microtome.atlas.schema import QUANTILES, AtlasContent

Row = dict[str, Any]
Strings = Callable[[int], str]


def band_documents(
    examples: list[Row], feature: Row, content: AtlasContent, string: Strings
) -> list[Band]:
    """Examples in bands, the top ones first; bands without examples are left out."""
    found: dict[int, list[Example]] = {}
    for row in examples:
        found.setdefault(row["band"], []).append(
            Example(
                document=row["document"],
                position=row["position"],
                activation=_short(row["activation"]),
                peak=row["peak"],
                tokens=[string(token) for token in row["tokens"]],
                values=[_short(value) for value in row["values"]],
            )
        )
    return [
        Band(
            name=band_name(band, content.bands),
            low=min(example.activation for example in shown),
            high=max(example.activation for example in shown),
            examples=shown,
        )
        for band, shown in sorted(found.items())
    ]


def band_name(band: int, bands: int) -> str:
    """`top`, or the quantiles of the feature's activations between which the band lies."""
    if band == 0:
        return "top"
    low, high = (bands - band) / max(bands, 1), (bands - band + 1) / max(bands, 1)
    return f"{low:.0%} to {high:.0%}"


def page_document(
    own: FeatureRow,
    row: Row,
    content: AtlasContent,
    string: Strings,
    bands: list[Band],
    neighbours: dict[str, list[FeatureRow]],
    place: tuple[float, float, int, str] | None,
) -> FeaturePage:
    """All of a page: what lists show of the feature, its row, its examples and neighbours."""
    x, y, cluster, cluster_label = place or (None, None, None, "")
    quantiles = {f"{q:g}": _short(v) for q, v in zip(QUANTILES, row["quantiles"], strict=False)}

    def tokens(name: str, scores: str, rates: str | None = None) -> list[TokenScore]:
        every = row[rates] if rates else [None] * len(row[name])
        return [
            TokenScore(
                token=token,
                text=string(token),
                score=_short(score),
                rate=None if rate is None else _short(rate),
            )
            for token, score, rate in zip(row[name], row[scores], every, strict=True)
            if token >= 0 and score == score
        ]

    return FeaturePage(
        **own.model_dump(),
        dictionary=content.dictionary,
        model=content.model,
        site=", ".join(content.encoders[own.encoder].reads),
        count=row["count"],
        mean=_number(row["mean"]) or 0.0,
        quantiles=quantiles,
        histogram=Histogram(edges=row["histogram_edges"], counts=row["histogram"]),
        bands=bands,
        top_logits=tokens("top_tokens", "top_logits"),
        bottom_logits=tokens("bottom_tokens", "bottom_logits"),
        active_tokens=tokens("active_tokens", "active_shares", "active_rates"),
        before_tokens=tokens("before_tokens", "before_shares"),
        positions=row["positions"],
        position_edges=content.position_edges,
        decoder_neighbours=neighbours["decoder"],
        encoder_neighbours=neighbours["encoder"],
        coactive_neighbours=neighbours["coactive"],
        x=x,
        y=y,
        cluster=cluster,
        cluster_label=cluster_label,
        automatic_label=row["label"] or "",
        automatic_source=row["label_source"] or "",
        automatic_score=_number(row["label_score"]),
        automatic_precision=_number(row["label_precision"]),
        automatic_recall=_number(row["label_recall"]),
    )


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else _short(value)


def _short(value: float) -> float:
    """Five significant digits: what is shown needs no more."""
    return float(f"{value:.5g}")
