"""Automatic labels of all features of an atlas, and the words for clusters."""

from collections.abc import Callable, Sequence

import numpy as np

from microtome.atlas.automatic import FeatureExamples, Labeller
from microtome.atlas.collect import Collected
from microtome.atlas.concepts import Concept, quoted
from microtome.atlas.map import cluster_labels
from microtome.atlas.sample import TokenSample

_WORDS = 3
_SAYS = "says "


def label_columns(
    collected: Collected,
    sample: TokenSample,
    strings: list[str],
    concepts: Sequence[Concept],
    top_tokens: np.ndarray,
    progress: Callable[[int, int], object],
) -> dict[str, np.ndarray]:
    """Label, where it is from, and its scores, of every feature in order of id."""
    labeller = Labeller(sample, strings, concepts)
    count, tokens = collected.candidates.totals.active, max(collected.tokens, 1)
    texts, sources = [], []
    scores = np.full((3, len(count)), np.nan, np.float32)
    for feature in range(len(count)):
        promoted = [int(token) for token in top_tokens[feature] if token >= 0]
        density = float(count[feature]) / tokens
        examples = feature_examples(collected, feature)
        found = labeller.label(feature, promoted, density, examples)
        texts.append(found.text)
        sources.append(found.source)
        scores[:, feature] = found.f1, found.precision, found.recall
        progress(feature + 1, len(count))
    return {
        "label": np.array(texts, dtype=np.str_),
        "label_source": np.array(sources, dtype=np.str_),
        "label_score": scores[0],
        "label_precision": scores[1],
        "label_recall": scores[2],
    }


def feature_examples(collected: Collected, feature: int) -> FeatureExamples | None:
    """All windows kept of a feature: the largest as band 0, the uniform sample as band 1."""
    top, banded = collected.candidates.top, collected.candidates.banded
    parts = [(top, 0, int(top.filled[feature])), (banded, 1, int(banded.filled[feature]))]
    if not sum(n for _, _, n in parts):
        return None

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(examples, name)[feature, :n] for examples, _, n in parts])

    tokens, length = column("tokens"), column("length")
    behind = np.arange(tokens.shape[1]) >= length[:, None]
    return FeatureExamples(
        band=np.concatenate([np.full(n, band, np.int8) for _, band, n in parts]),
        activation=column("value"),
        tokens=np.where(behind, -1, tokens).astype(np.int32),
        peak=column("peak"),
        position=column("position"),
    )


def name_clusters(arrays: dict[str, np.ndarray], strings: Sequence[str]) -> dict[int, str]:
    """A name for every cluster of the map: what the labels of its features share, and, as the map
    is one of decoders, the tokens that they promote."""
    words = []
    for label, promoted in zip(arrays["label"], arrays["top_tokens"], strict=True):
        clauses = str(label).removeprefix("partly ").split(", ")
        said = [_SAYS + quoted(strings[int(token)]) for token in promoted[:_WORDS] if token >= 0]
        words.append([clause for clause in clauses if clause] + said)
    found = cluster_labels(arrays["cluster"], words)
    return {cluster: _joined(name) for cluster, name in found.items()}


def _joined(name: str) -> str:
    """All that a cluster says in one place, behind what its features have in common else."""
    words = name.split(" · ")
    said = ", ".join(word.removeprefix(_SAYS) for word in words if word.startswith(_SAYS))
    rest = [word for word in words if not word.startswith(_SAYS)]
    return " · ".join([*rest, _SAYS + said] if said else rest)
