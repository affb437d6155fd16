"""Heads of a model in feature space, as figures that can be printed and written as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.circuit.directions import (
    Directions,
    directions_before,
    readers_after,
    typical_activations,
)
from microtome.circuit.head_features import HeadFeatures, head_features
from microtome.circuit.head_maps import average_model
from microtome.circuit.head_tokens import TokenDirections, token_directions, token_suppression
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel

LISTED = 8

Label = Callable[[int, int], str]
"""Words for a feature, by encoder and number; empty where there are none."""


@dataclass(frozen=True)
class HeadReport:
    """One head: summary figures, and lists of its strongest features where they were asked for."""

    layer: int
    head: int
    figures: dict[str, Any]
    """None where no feature is written before the layer."""
    lists: dict[str, list[dict[str, Any]]]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"layer": self.layer, "head": self.head, **self.figures, **self.lists}


@torch.no_grad()
def report_heads(
    model: LanguageModel,
    dictionary: Dictionary,
    only: tuple[int, int] | None = None,
    prompts: Sequence[Int[Tensor, "_batch _position"]] = (),
    label: Label = lambda encoder, feature: "",
    listed: int = LISTED,
) -> list[HeadReport]:
    """All heads of a model in feature space, or one head with lists of its features.

    Args:
        model: the model.
        dictionary: of its features.
        only: layer and head to list features of; every head's figures by default.
        prompts: texts over which norms and activations are averaged. Features that are not
            active on them are left out. Without texts, norms stand at their average over random
            tokens, and all features count with activation 1.
        label: words for a feature.
        listed: length of lists.

    Raises:
        MicrotomeError: no such head, a dictionary of another width, or prompts that the model
            cannot read.
    """
    average = average_model(model, prompts)
    activations = typical_activations(model, dictionary, prompts) if prompts else None
    layers = range(model.n_layers) if only is None else [only[0]]
    reports = []
    for layer in layers:
        maps = average.heads(layer)
        features = directions_before(model, dictionary, layer, activations)
        tokens = token_directions(average, dictionary, layer)
        for head in range(model.n_heads) if only is None else [only[1]]:
            # a layer that no feature is written before has figures of tokens alone
            alone = len(features) < 2 and only is None
            found = None if alone else head_features(average, features, layer, head)
            figures = _figures(found) | _token_figures(model, maps, head, tokens)
            lists = {}
            if only is not None and found is not None:
                readers = readers_after(average, dictionary, layer)
                lists = _lists(found, readers, label, listed)
                lists["suppressed_tokens"] = _tokens(model, maps, head, tokens, listed)
            reports.append(HeadReport(layer, head, figures, lists))
    return reports


def _figures(found: HeadFeatures | None) -> dict[str, Any]:
    if found is None:
        return {"features": 0, "asymmetry": None}
    return {
        "features": len(found.features),
        "query_null": float(found.query_null.float().mean()),
        "key_null": float(found.key_null.float().mean()),
        "copies": float(found.copies.mean()),
        "copied": float((found.copies > 0).float().mean()),
        "asymmetry": found.asymmetry.correlation,
        "asymmetry_control": list(found.asymmetry.control),
        "feature_copy_suppression": float((found.copy_suppression > 1).float().mean()),
    }


def _token_figures(model: LanguageModel, maps, head: int, tokens: TokenDirections) -> dict:
    scores = token_suppression(maps, head, tokens)
    features = scores.through_features
    return {
        "token_copy_suppression": float((scores.raw > 1).float().mean()),
        "token_copy_suppression_through_features": (
            None if features is None else float((features > 1).float().mean())
        ),
    }


def _lists(found: HeadFeatures, readers: Directions, label: Label, listed: int) -> dict:
    at = found.features

    def of(i: int, value: float, which: Directions = at) -> dict[str, Any]:
        words = label(int(which.encoder[i]), int(which.feature[i]))
        return {"feature": which.name(i), "label": words, "value": value}

    def ranked(values: Tensor, largest: bool = True) -> list[dict[str, Any]]:
        best = values.argsort(descending=largest, stable=True)[:listed].tolist()
        return [of(i, float(values[i])) for i in best]

    def pairs(rows: list, second: Directions) -> list[dict[str, Any]]:
        return [{**of(i, v), "other": of(j, v, second)} for i, j, v in rows]

    return {
        "query_reads": ranked(found.query_gain),
        "query_ignores": ranked(found.query_gain, False),
        "key_reads": ranked(found.key_gain),
        "key_ignores": ranked(found.key_gain, False),
        "matches": pairs(found.matches(listed), at),
        "copies_most": ranked(found.copies),
        "suppresses_most": ranked(found.copies, False),
        "writes": pairs(found.writes(readers, listed), readers),
        "suppressed_features": ranked(found.copy_suppression),
    }


def _tokens(
    model: LanguageModel, maps, head: int, tokens: TokenDirections, listed: int
) -> list[dict[str, Any]]:
    """Tokens with the highest copy suppression, and the tokens most like them."""
    scores = token_suppression(maps, head, tokens)
    raw_like, like = tokens.similarity()
    best = scores.raw.argsort(descending=True, stable=True)[:listed].tolist()

    def nearest(cosines: Tensor | None, i: int) -> str | None:
        if cosines is None:
            return None
        row = cosines[i].clone()
        row[i] = -2
        return model.token_string(int(tokens.tokens[row.argmax()]))

    features = scores.through_features
    return [
        {
            "token": model.token_string(int(tokens.tokens[i])),
            "value": float(scores.raw[i]),
            "through_features": None if features is None else float(features[i]),
            "like": nearest(raw_like, i),
            "like_through_features": nearest(like, i),
        }
        for i in best
    ]
