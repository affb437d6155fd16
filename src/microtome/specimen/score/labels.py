"""Labelled tokens: the values of a truth's variables where they are defined, as concepts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.held_out import Sides, split_rows
from microtome.specimen.truth import ENDS, Truth, Variable

_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class LabelledTokens:
    """Texts as token ids, each text once, with the value of every variable at each token."""

    tokens: Int[Tensor, "text position"]
    grids: Mapping[str, Int[Tensor, "text position"]]
    """By variable, the index of its value; -1 where it is not defined."""
    variables: tuple[Variable, ...]
    """Those with labels."""
    test: Bool[Tensor, " text"]
    """Texts on which figures are measured; on the others features and probes are chosen."""
    fresh: Bool[Tensor, "text position"]
    """Tokens of test texts that figures are measured on: see `fresh_tokens`."""
    source: Int[Tensor, " text"]
    """Row of each text in the truth's tokens."""

    @property
    def rows(self) -> Bool[Tensor, "text position"]:
        """Tokens on which any variable is defined, position 0 apart."""
        found = torch.stack([grid >= 0 for grid in self.grids.values()]).any(0)
        found[:, 0] = False
        return found

    @property
    def training_rows(self) -> Bool[Tensor, "text position"]:
        """Those of the texts that are not for the test."""
        return self.rows & ~self.test[:, None]

    @property
    def test_rows(self) -> Bool[Tensor, "text position"]:
        """Those that figures are measured on."""
        return self.rows & self.fresh


def labelled_tokens(
    truth: Truth, tensors: Mapping[str, Tensor], texts: int, seed: int
) -> LabelledTokens:
    """The labelled tokens of a truth: a third of the texts is for the test.

    Args:
        truth: with labels on tokens.
        tensors: of it.
        texts: at most.
        seed: of which texts are used, and of the split.

    Raises:
        MicrotomeError: no variable has labels, or there are fewer than three different texts.
    """
    variables = tuple(v for v in truth.variables if v.labels is not None)
    if not variables:
        raise MicrotomeError(
            f"the truth of {truth.specimen} has no labels on tokens, so no concept can be looked "
            f"for; name a truth whose variables have labels"
        )
    tokens, first = _different(tensors["tokens"].long())
    generator = torch.Generator().manual_seed(seed)
    kept = torch.randperm(len(tokens), generator=generator)[:texts]
    if len(kept) < 3:
        raise MicrotomeError(
            f"the truth of {truth.specimen} labels {len(kept)} different texts; three are needed "
            f"to choose features on some and measure on others"
        )
    grids = {v.name: tensors[str(v.labels)][first[kept]].long() for v in variables}
    test = torch.arange(len(kept)) % 3 == 2
    fresh = fresh_tokens(tokens[kept], test)
    return LabelledTokens(tokens[kept], grids, variables, test, fresh, first[kept])


def fresh_tokens(
    tokens: Int[Tensor, "text position"], test: Bool[Tensor, " text"]
) -> Bool[Tensor, "text position"]:
    """Tokens of test texts up to which no training text reads the same.

    A causal model has one activation for one beginning, whatever text it is of: behind a shared
    beginning the rows to measure on would be those that were chosen on.
    """
    fresh = torch.zeros_like(tokens, dtype=torch.bool)
    beginning = torch.zeros(len(tokens), dtype=torch.long)
    for p in range(tokens.shape[1]):
        # a beginning is the one before it and a token, both numbered from 0
        token = torch.unique(tokens[:, p], return_inverse=True)[1]
        both = beginning * len(tokens) + token
        beginning = torch.unique(both, return_inverse=True)[1]
        trained = torch.zeros(len(tokens), dtype=torch.bool)
        trained[beginning[~test]] = True
        fresh[:, p] = test & ~trained[beginning]
    return fresh


def _different(tokens: Int[Tensor, "text position"]) -> tuple[Tensor, Tensor]:
    """Each text once, and where it first stands: a text on both sides would be no test."""
    unique, inverse = torch.unique(tokens, dim=0, return_inverse=True)
    first = torch.full((len(unique),), len(tokens))
    first.scatter_reduce_(0, inverse, torch.arange(len(tokens)), "amin")
    return unique, first


def activations_at(
    model: LanguageModel, tokens: Int[Tensor, "text position"], sites: Sequence[str]
) -> dict[str, Float[Tensor, "text position d"]]:
    """Activations of texts at sites, in float32 on the CPU.

    Raises:
        MicrotomeError: the model has no such site, or cannot read the tokens.
    """
    names = list(dict.fromkeys(sites))
    parts: dict[str, list[Tensor]] = {name: [] for name in names}
    for some in tokens.split(_ROWS_AT_ONCE):
        found = model.capture(some, names)
        for name in names:
            parts[name].append(found[Site.parse(name)].float().cpu())
    return {name: torch.cat(part) for name, part in parts.items()}


def sides_of(
    labelled: LabelledTokens, variable: Variable, x: Float[Tensor, "text position d"]
) -> Sides:
    """One variable's values as concepts, on the tokens where it is defined.

    Tokens of the test that are not fresh are on neither side.
    """
    grid = labelled.grids[variable.name].clone()
    grid[:, 0] = -1
    defined = (grid >= 0) & (labelled.fresh | ~labelled.test[:, None])
    concepts = torch.nn.functional.one_hot(grid[defined], len(variable.values)).bool()
    test = labelled.test[:, None].expand_as(grid)[defined]
    return split_rows(x[defined], concepts, test)


def place(site: str, n_layers: int) -> tuple[int, int]:
    """Where a site stands in a forward pass; what comes later is larger."""
    from microtome.model.site import KINDS

    if site in ENDS:
        return (-2, 0) if site == "tokens" else (n_layers + 1, 0)
    found = Site.parse(site)
    if found.layer is None:
        return (-1, 0) if found.kind == "embed" else (n_layers, 0)
    return (found.layer, KINDS.index(found.kind))
