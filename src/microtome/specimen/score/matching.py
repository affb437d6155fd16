"""Which variable each feature of a dictionary stands for, by the tokens on which it is active."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.held_out import FEWEST
from microtome.specimen.score.labels import LabelledTokens, activations_at, place
from microtome.specimen.truth import Truth

FLOOR = 0.5
"""F1 from which on a feature is said to stand for a value."""
INPUT = "input"
"""All variables of the tokens and of their embedding: a token node carries all of them at once."""


@dataclass(frozen=True)
class Meanings:
    """By (layer, feature), the variable that it stands for; the best one alone."""

    variables: Mapping[tuple[int, int], str]


def group_of(truth: Truth) -> dict[str, str]:
    """By variable, its name in the scores: `input` for those of the tokens and their embedding.

    Positions have no node: what is embedded of them is a part of a graph's bias. So where a truth
    says what is embedded of tokens, other variables of the embedding keep their names.
    """
    embedded = {e.target for e in truth.edges if e.via == "embedding"}
    of_tokens = {
        v.name
        for v in truth.variables
        if v.site == "tokens" or (v.site == "embed" and (v.name in embedded or not embedded))
    }
    return {v.name: INPUT if v.name in of_tokens else v.name for v in truth.variables}


def match_features(
    model: LanguageModel,
    dictionary: Dictionary,
    truth: Truth,
    labelled: LabelledTokens,
    floor: float = FLOOR,
) -> Meanings:
    """The (variable, value) that each feature tells best by being active.

    A feature of layer L can only stand for a variable that the stream holds by the end of block L:
    what is computed later may go with it, but cannot be what it says. There is no threshold to
    choose: a node is in a graph because its feature is active.

    Args:
        model: that the dictionary reads.
        dictionary: a PLT or CLT, or SAEs: one encoder for each layer.
        truth: with labels.
        labelled: its tokens.
        floor: features below it stand for nothing.

    Raises:
        MicrotomeError: the dictionary does not fit the model, or reads several sites at once.
    """
    check_fits(model, dictionary)
    x = activations_at(model, labelled.tokens, dictionary.reads)
    variables: dict[tuple[int, int], str] = {}
    for encoder, sources in enumerate(dictionary.sources):
        read = dictionary.reads[sources[0]]
        layer = Site.parse(read).layer or 0
        latest = place(f"blocks.{layer}.resid.post", model.n_layers)
        best = torch.zeros(dictionary.n_features[encoder], dtype=torch.float64)
        names: list[str | None] = [None] * len(best)
        for variable in labelled.variables:
            if place(variable.site, model.n_layers) > latest:
                continue
            grid = labelled.grids[variable.name].clone()
            grid[:, 0] = -1
            defined = grid >= 0
            if not bool(defined.any()):
                continue
            codes = dictionary.encoders[encoder].encode(x[read][defined])
            told = told_by_activity(codes, grid[defined], len(variable.values))
            for feature in (told > best).nonzero()[:, 0].tolist():
                best[feature], names[feature] = told[feature], variable.name
        for feature, name in enumerate(names):
            if name is not None and float(best[feature]) >= floor:
                variables[layer, feature] = name
    return Meanings(variables)


def told_by_activity(
    codes: Codes, values: Int[Tensor, " rows"], n_values: int
) -> Float[Tensor, " features"]:
    """By feature, the best F1 over values of a variable of "active" for "has this value".

    A value that nearly all rows have, or that fewer than 4 have, is left out: anything tells it.
    """
    hits = torch.zeros(codes.n_features * n_values, dtype=torch.float64)
    entry = codes.features * n_values + values[codes.rows()]
    hits.index_add_(0, entry, torch.ones(len(entry), dtype=torch.float64))
    fired = torch.bincount(codes.features, minlength=codes.n_features).double()
    count = torch.bincount(values, minlength=n_values).double()
    f1 = 2 * hits.view(-1, n_values) / (fired[:, None] + count).clamp(min=1)
    known: Bool[Tensor, " values"] = (count >= FEWEST) & (count <= len(values) / 2)
    return torch.where(known, f1, 0.0).amax(1)


def check_fits(model: LanguageModel, dictionary: Dictionary) -> None:
    """Refuse a dictionary of another model, or one whose features have no one layer.

    Raises:
        MicrotomeError: names what does not fit.
    """
    from microtome.intervention.baseline import check_widths

    check_widths(model, dictionary)
    if dictionary.kind == "crosscoder":
        raise MicrotomeError(
            f"{dictionary.name} is a crosscoder, whose features belong to no one layer; score an "
            f"SAE, a PLT or a CLT"
        )


def match_by_label(labels: Iterable[tuple[tuple[int, int], str]], truth: Truth) -> Meanings:
    """The variables that a graph's own labels name: `carry`, or `carry = yes`.

    Args:
        labels: (layer, feature) and its label.
        truth: whose variables are meant.
    """
    known = {v.name.lower(): v.name for v in truth.variables}
    found = {}
    for key, text in labels:
        name = text.split("=")[0].strip().lower()
        if name in known:
            found[key] = known[name]
    return Meanings(found)
