"""Coverage of a truth's labelled variables by dictionaries at sites of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.specimen.score.held_out import Sides, Told, encoder_at, held_out_coverage
from microtome.specimen.score.labels import LabelledTokens, sides_of
from microtome.specimen.score.probe import probe_coverage
from microtome.specimen.score.swaps import Claims
from microtome.specimen.truth import Variable


@dataclass(frozen=True)
class Judged:
    """F1 of every concept of some variables."""

    f1: Mapping[str, Float[Tensor, " concepts"]]
    """By variable, of the values with enough rows."""
    claims: Claims = field(default_factory=lambda: Claims({}, {}))

    @property
    def mean(self) -> float:
        """Over concepts."""
        return float(torch.cat(list(self.f1.values())).mean())

    @property
    def by_variable(self) -> dict[str, float]:
        return {name: float(f1.mean()) for name, f1 in self.f1.items()}


@dataclass(frozen=True)
class Questions:
    """Variables, each with its rows on two sides and the site at which it is looked for."""

    variables: tuple[Variable, ...]
    sites: Mapping[str, str]
    sides: Mapping[str, Sides]
    """By variable; those without a concept that has enough rows are left out."""

    @property
    def chance(self) -> float:
        """Mean over concepts of the F1 of saying yes to every row."""
        return float(torch.cat([sides.chance for sides in self.sides.values()]).mean())

    def of_dictionaries(self, dictionaries: Mapping[str, Dictionary]) -> Judged:
        """Of one dictionary for each site, by site."""
        f1, features, levels = {}, {}, {}
        for variable, sides in self._each():
            told = held_out_coverage(encoder_at(dictionaries[self.sites[variable.name]]), sides)
            f1[variable.name] = told.f1
            features[variable.name], levels[variable.name] = _claims(variable, sides, told)
        return Judged(f1, Claims(features, levels))

    def of_probe(self) -> Judged:
        """Of a linear probe for each concept."""
        return Judged({v.name: probe_coverage(sides) for v, sides in self._each()})

    def of_shuffled(
        self, dictionaries: Mapping[str, Dictionary], generator: torch.Generator
    ) -> Judged:
        """Of dictionaries, where the labels of rows have been dealt out anew."""
        f1 = {}
        for variable, sides in self._each():
            encode = encoder_at(dictionaries[self.sites[variable.name]])
            f1[variable.name] = held_out_coverage(encode, sides.shuffled(generator)).f1
        return Judged(f1)

    def _each(self) -> list[tuple[Variable, Sides]]:
        return [(v, self.sides[v.name]) for v in self.variables if v.name in self.sides]


def ask(
    labelled: LabelledTokens,
    sites: Mapping[str, str],
    x: Mapping[str, Float[Tensor, "text position d"]],
) -> Questions:
    """The questions that labels put to activations.

    Args:
        labelled: the tokens.
        sites: by variable, where it is looked for; variables that are not there are left out.
        x: by site.

    Raises:
        MicrotomeError: no value of any variable has enough rows.
    """
    variables = tuple(v for v in labelled.variables if v.name in sites)
    sides = {v.name: sides_of(labelled, v, x[sites[v.name]]) for v in variables}
    sides = {name: own for name, own in sides.items() if own.names}
    if not sides:
        raise MicrotomeError(
            "no value of any variable has enough labelled tokens to choose a feature on some and "
            "measure it on others; label more texts"
        )
    return Questions(variables, sites, sides)


def _claims(variable: Variable, sides: Sides, told: Told) -> tuple[Tensor, Tensor]:
    features = torch.full((len(variable.values),), -1)
    levels = torch.zeros(len(variable.values))
    names = torch.tensor(sides.names)
    features[names] = torch.tensor(told.features)
    levels[names] = torch.tensor(told.levels)
    return features, levels
