"""Interventions: a value of a variable exchanged for another, in the program and in the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.model import LanguageModel, Site
from microtome.specimen.compiled import Inputs, Program, output_tokens, run_program
from microtome.specimen.truth import Truth

_TRIES = 8
"""Candidates drawn for each swap that is wanted: many change no answer."""


@dataclass(frozen=True)
class Swaps:
    """Changes of one value at one token of a text each, and what the program says of them."""

    tokens: Int[Tensor, "swap position"]
    variables: tuple[str, ...]
    at: Int[Tensor, " swap"]
    """Position."""
    old: Int[Tensor, " swap"]
    new: Int[Tensor, " swap"]
    """Indices of values."""
    plain: Int[Tensor, "swap position"]
    said: Int[Tensor, "swap position"]
    """The program's next tokens without and with the change; -1 where it says nothing."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def changed(self) -> Bool[Tensor, "swap position"]:
        """Tokens that the program says change."""
        return (self.said != self.plain) & (self.said >= 0) & (self.plain >= 0) & self._behind

    @property
    def same(self) -> Bool[Tensor, "swap position"]:
        """Tokens from the change on that the program says stay."""
        return (self.said == self.plain) & (self.said >= 0) & self._behind

    @property
    def _behind(self) -> Bool[Tensor, "swap position"]:
        return torch.arange(self.tokens.shape[1]) >= self.at[:, None]


def draw_swaps(program: Program, truth: Truth, inputs: Inputs, each: int, seed: int) -> Swaps:
    """Random swaps that change at least one next token, up to `each` for every variable.

    Only states are taken in which all heads find one value wherever they look (there the program
    says something), and only tokens where it names an answer with and without the swap count.

    Args:
        program: to ask.
        truth: of the model compiled from it.
        inputs: texts to draw from.
        each: swaps of a variable, at most.
        seed: of the choice.
    """
    random = Random(seed)
    names = [v.name for v in truth.variables if v.directions and v.name in program.values]
    names = [name for name in names if truth.variable(name).site.startswith("blocks.")]
    drawn = [
        (name, row, random.randrange(1, int(inputs.lengths[row])), value)
        for name in names
        for _ in range(each * _TRIES)
        for row in [random.randrange(len(inputs))]
        for value in [random.randrange(len(program.values[name]))]
    ]
    rows = np.array([row for _, row, _, _ in drawn])
    tokens = inputs.tokens[rows]
    forced: dict[str, np.ndarray] = {}
    for i, (name, _, at, value) in enumerate(drawn):
        forced.setdefault(name, np.full(tokens.shape, -1))[i, at] = value
    before, after = run_program(program, tokens), run_program(program, tokens, forced)
    inside = np.arange(tokens.shape[1]) < inputs.lengths[rows][:, None]
    found = Swaps(
        tokens=torch.tensor(tokens),
        variables=tuple(name for name, _, _, _ in drawn),
        at=torch.tensor([at for _, _, at, _ in drawn]),
        old=torch.tensor([int(before[name][i, at]) for i, (name, _, at, _) in enumerate(drawn)]),
        new=torch.tensor([value for _, _, _, value in drawn]),
        plain=torch.tensor(np.where(inside, output_tokens(program, before), -1)),
        said=torch.tensor(np.where(inside, output_tokens(program, after), -1)),
    )
    useful = found.changed.any(1) & torch.tensor(before.clear & after.clear)
    return _at_most(found, useful, each)


def _at_most(swaps: Swaps, useful: Bool[Tensor, " swap"], each: int) -> Swaps:
    taken: dict[str, int] = {}
    kept = []
    for i in useful.nonzero()[:, 0].tolist():
        name = swaps.variables[i]
        if taken.get(name, 0) < each:
            taken[name] = taken.get(name, 0) + 1
            kept.append(i)
    index = torch.tensor(kept, dtype=torch.long)
    tensors = ("tokens", "at", "old", "new", "plain", "said")
    picked = {name: getattr(swaps, name)[index] for name in tensors}
    return Swaps(variables=tuple(swaps.variables[i] for i in kept), **picked)


Vectors = Mapping[str, Float[Tensor, "swap d"]]
"""By site, what is added there at each swap's position; zero for swaps at other sites."""


def truth_vectors(swaps: Swaps, truth: Truth, tensors: Mapping[str, Tensor]) -> Vectors:
    """The new value's direction less the old one's: what the truth itself would do."""
    found: dict[str, Tensor] = {}
    for i, name in enumerate(swaps.variables):
        variable = truth.variable(name)
        directions = tensors[str(variable.directions)]
        add = directions[swaps.new[i]] - directions[swaps.old[i]]
        rows = found.setdefault(variable.site, add.new_zeros(len(swaps), len(add)))
        rows[i] = add
    return found


@dataclass(frozen=True)
class Claims:
    """By variable, which feature is claimed to stand for each value, and how active it is then."""

    features: Mapping[str, Int[Tensor, " value"]]
    """-1 where none is."""
    levels: Mapping[str, Float[Tensor, " value"]]


def feature_vectors(
    swaps: Swaps,
    truth: Truth,
    dictionaries: Mapping[str, Dictionary],
    claims: Claims,
    x: Mapping[str, Float[Tensor, "swap d"]],
) -> Vectors:
    """The feature of the old value off, that of the new one at its usual activation.

    What is added is decode(new codes) - decode(old codes), as in `microtome.intervention`: what
    the dictionary does not explain stays.

    Args:
        swaps: to make.
        truth: whose variables they change.
        dictionaries: by site, SAEs of one encoder.
        claims: of the features.
        x: by site, the activation at each swap's position.
    """
    found: dict[str, Tensor] = {}
    for name in dict.fromkeys(swaps.variables):
        site = truth.variable(name).site
        if site not in dictionaries or name not in claims.features:
            continue
        at = torch.tensor([i for i, other in enumerate(swaps.variables) if other == name])
        vectors = _exchanged(dictionaries[site], claims, name, swaps, at, x[site][at])
        rows = found.setdefault(site, vectors.new_zeros(len(swaps), vectors.shape[1]))
        rows[at] = vectors
    return found


def _exchanged(
    dictionary: Dictionary,
    claims: Claims,
    name: str,
    swaps: Swaps,
    at: Int[Tensor, " n"],
    x: Float[Tensor, "n d"],
) -> Float[Tensor, "n d"]:
    features, levels = claims.features[name], claims.levels[name]
    old, new = features[swaps.old[at]], features[swaps.new[at]]
    encoder, decoder = dictionary.encoders[0], dictionary.decoders[0]

    def change(feature: Tensor, to: Tensor) -> Tensor:
        chosen = feature.clamp(min=0)
        by = (to - encoder.activations(x, chosen)) * (feature >= 0)
        return by[:, None] * decoder.rows(chosen, 0, x)

    on = change(new, levels[swaps.new[at]].to(x.dtype))
    off = change(old, torch.zeros_like(x[:, 0]))
    return on + off * (old != new)[:, None]  # a feature that stands for both is changed once


@torch.no_grad()
def swapped_logits(
    model: LanguageModel, swaps: Swaps, vectors: Vectors
) -> Float[Tensor, "swap position vocabulary"]:
    """Logits with vectors added at each swap's position: one pass for all of them."""

    def adding(rows: Tensor):
        at = torch.arange(len(swaps)), swaps.at
        return lambda stream: stream.index_put(at, rows.to(stream.dtype), accumulate=True)

    edits = {written_at(site): adding(rows) for site, rows in vectors.items()}
    return model.run(swaps.tokens, edit=edits).logits


def written_at(site: str) -> Site:
    """Where a change of the stream at a site has to be made to reach all that comes after it.

    An edit at `resid.mid` would only reach the MLP: the stream goes past it.
    """
    found = Site.parse(site)
    kinds = {"resid.mid": "attn.out", "resid.post": "mlp.out"}
    return Site(kinds.get(found.kind, found.kind), found.layer)


def swap_figures(
    swaps: Swaps,
    logits: Float[Tensor, "swap position vocabulary"],
    plain: Float[Tensor, "swap position vocabulary"],
    ideal: Float[Tensor, "swap position vocabulary"],
) -> dict[str, float]:
    """How well swaps do what the program says.

    Args:
        swaps: that were made.
        logits: with them.
        plain: without any.
        ideal: with the truth's own directions exchanged.

    Returns:
        `predicted`: share of the tokens that should change which became what the program says;
        `kept`: share of those that should stay which stayed; `effect_r2`: at the tokens that
        should change, R2 of the change in the logit of the new answer less that of the old one,
        against the change y that the truth's directions make: 1 - sum (y - f)^2 / sum y^2. It is
        around zero, not around the mean of y: doing nothing gets 0, however alike all effects are.
    """
    best, changed, same = logits.argmax(-1), swaps.changed, swaps.same
    figures = {"predicted": float((best == swaps.said)[changed].double().mean())}
    if bool(same.any()):
        figures["kept"] = float((best == swaps.plain)[same].double().mean())
    before = _difference(plain, swaps)[changed]
    y = _difference(ideal, swaps)[changed] - before
    f = _difference(logits, swaps)[changed] - before
    size = y.square().sum()
    if float(size) > 0:
        figures["effect_r2"] = float(1 - (y - f).square().sum() / size)
    return figures


def _difference(
    logits: Float[Tensor, "swap position vocabulary"], swaps: Swaps
) -> Float[Tensor, "swap position"]:
    def of(tokens: Tensor) -> Tensor:
        return logits.double().gather(-1, tokens.clamp(min=0)[..., None])[..., 0]

    return of(swaps.said) - of(swaps.plain)
