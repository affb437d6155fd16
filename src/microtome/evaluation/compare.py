"""Two dictionaries on one text: their active features and errors side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.data import Block
from microtome.data.harvest import OTHER
from microtome.data.policy import TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.baselines import Reconstruction
from microtome.evaluation.checks import check_fits
from microtome.evaluation.fit import Fit, fit_baselines
from microtome.evaluation.measure import decode
from microtome.evaluation.models import Models
from microtome.evaluation.reconstruction import exact
from microtome.evaluation.stability import TWIN, nearest
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide


@dataclass(frozen=True)
class LinearMap:
    """A least-squares map per written site: what a layer does without any features."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    fit: Fit
    name: str = "linear map"

    def reconstruct(self, inputs: Sequence[Tensor]) -> Reconstruction:
        outputs = []
        for x, moments in zip(inputs, self.fit.moments, strict=True):
            linear = moments.linear_map().to(x.device, x.dtype)
            centred = x - moments.mean_x.to(x.device, x.dtype)
            outputs.append(centred @ linear + moments.mean_y.to(x.device, x.dtype))
        none = [x.new_zeros(len(x)) for x in inputs]
        return Reconstruction(outputs, none, none)


Side = Dictionary | LinearMap


def load_sides(
    model: LanguageModel,
    a: Dictionary,
    b: Dictionary | None,
    training: Sequence[Block] = (),
    any_model: bool = False,
) -> tuple[Side, Side]:
    """Two sides that fit the model: two dictionaries, or one and a linear map of its sites.

    Args:
        model: that the dictionaries were trained on.
        a: a dictionary.
        b: another, or None for a linear map.
        training: blocks of training documents, on which the linear map is fitted.
        any_model: accept dictionaries of another model.

    Raises:
        MicrotomeError: a dictionary of another model or of two, or a linear map of an SAE, which
            would be the identity.
    """
    models = Models(model)
    for dictionary in (a, b):
        if dictionary is not None:
            _check_one_model(dictionary)
            check_fits(models, dictionary, any_model)
    if b is not None:
        return a, b
    if set(a.writes) & set(a.reads):
        raise MicrotomeError(
            f"{a.name} writes what it reads, so a linear map of its sites is the identity; "
            f"compare it with another dictionary"
        )
    fit = fit_baselines(models, a, training)
    return a, LinearMap(fit.reads, a.writes, fit)


def _check_one_model(dictionary: Dictionary) -> None:
    for name in (*dictionary.reads, *dictionary.writes):
        if name.startswith(OTHER):
            raise MicrotomeError(
                f"{dictionary.name} has the site {name} of a second model, but dictionaries are "
                f"compared on one; evaluate it instead, with --other"
            )


@dataclass(frozen=True)
class ActiveFeature:
    """A feature that is on at a token."""

    encoder: int
    feature: int
    activation: float
    size: float
    """Norm of what it adds to the site."""
    twin: tuple[int, int] | None
    """(encoder, feature) of the other side's nearest feature, where the cosine of their decoders
    at this site is above 0.7, whether that is on here or not."""


@dataclass(frozen=True)
class Cell:
    """Both sides at one token and site."""

    site: str
    position: int
    features: tuple[tuple[ActiveFeature, ...], tuple[ActiveFeature, ...]]
    """Of each side, largest first; none for a linear map."""
    active: tuple[int, int]
    """How many are on."""
    error: tuple[float, float]
    """||x - xhat||^2 / ||x||^2 of each side."""


@dataclass(frozen=True)
class Comparison:
    """Two dictionaries on one text."""

    names: tuple[str, str]
    tokens: tuple[str, ...]
    cells: tuple[Cell, ...]
    """By site, then by position; only tokens that count for both."""


def common_sites(a: Side, b: Side, wanted: Sequence[str] = ()) -> list[str]:
    """Written sites at which two sides can be compared.

    Raises:
        MicrotomeError: there is none, or a wanted one is not among them.
    """
    sites = [site for site in a.writes if site in b.writes]
    if not sites:
        raise MicrotomeError(
            f"{a.name} writes {', '.join(a.writes)} and {b.name} writes {', '.join(b.writes)}; "
            f"they have no site in common"
        )
    for site in wanted:
        if site not in sites:
            raise MicrotomeError(
                f"site {site} is not written by both dictionaries; they have "
                f"{', '.join(sites)} in common"
            )
    return list(wanted) or sites


def counted_by_both(
    model: LanguageModel, sides: Sequence[Side], tokens: Int[Tensor, "batch position"]
) -> Bool[Tensor, "batch position"]:
    """Tokens that the policies of all dictionaries count."""
    counts = torch.ones_like(tokens, dtype=torch.bool)
    for side in sides:
        if isinstance(side, Dictionary):
            counts &= TokenPolicy.of(side).counts(model, tokens)
    return counts


@torch.no_grad()
def compare(
    model: LanguageModel, a: Side, b: Side, text: str, top: int = 5, sites: Sequence[str] = ()
) -> Comparison:
    """The active features of two dictionaries on one text, token by token and site by site.

    Args:
        model: that both were trained on.
        a: a dictionary, or a linear map.
        b: another.
        text: the input.
        top: features shown of each side, largest first.
        sites: written sites to show; by default all that both write.

    Raises:
        MicrotomeError: no common site, or text that cannot be tokenized.
    """
    shown = common_sites(a, b, sites)
    tokens = model.tokenize(text)
    counts = counted_by_both(model, (a, b), tokens)
    captured = model.capture(tokens, [*a.reads, *b.reads, *shown])
    rows = {site: wide(x.flatten(2))[counts] for site, x in captured.items()}
    made = [_Made(model, side, rows) for side in (a, b)]
    positions = counts[0].nonzero()[:, 0].tolist()
    cells = []
    for site in shown:
        x = exact(rows[Site.parse(site)])
        errors = [(exact(m.output(site)) - x).square().sum(-1) / x.square().sum(-1) for m in made]
        one, other = (m.strongest(site, top) for m in made)
        pairs = (_with_twins(site, one, made[0], made[1]), _with_twins(site, other, *made[::-1]))
        for row, position in enumerate(positions):
            cells.append(
                Cell(
                    site,
                    position,
                    (pairs[0][row], pairs[1][row]),
                    (made[0].active(site, row), made[1].active(site, row)),
                    (float(errors[0][row]), float(errors[1][row])),
                )
            )
    strings = tuple(model.token_string(int(t)) for t in tokens[0])
    return Comparison((a.name, b.name), strings, tuple(cells))


Rows = list[list[ActiveFeature]]


class _Made:
    """What one side makes of some tokens."""

    def __init__(self, model: LanguageModel, side: Side, rows: dict[Site, Tensor]):
        inputs = [rows[Site.parse(read)] for read in side.reads]
        self.writes = side.writes
        self.dictionary = None
        if isinstance(side, LinearMap):
            self.made = side.reconstruct(inputs)
            return
        dtype = torch.float64 if model.dtype == torch.float64 else torch.float32
        self.dictionary = side.to(model.device, dtype)
        self.codes = self.dictionary.encode(inputs)
        self.made = decode(self.dictionary, inputs, self.codes)

    def output(self, site: str) -> Tensor:
        return self.made.outputs[self.writes.index(site)]

    def active(self, site: str, row: int) -> int:
        return int(self.made.active[self.writes.index(site)][row])

    def strongest(self, site: str, top: int) -> Rows:
        """By token, the features that add most to a site."""
        rows: Rows = [[] for _ in range(len(self.output(site)))]
        if self.dictionary is None:
            return rows
        j = self.writes.index(site)
        for e, decoder in enumerate(self.dictionary.decoders):
            if j not in decoder.targets:
                continue
            codes = self.codes[e]
            norms = decoder.rows(codes.features, j, self.output(site)).norm(dim=-1)
            sizes = (norms * codes.values.abs()).tolist()
            entries = zip(
                codes.rows().tolist(),
                codes.features.tolist(),
                codes.values.tolist(),
                sizes,
                strict=True,
            )
            for row, feature, value, size in entries:
                rows[row].append(ActiveFeature(e, feature, value, size, None))
        return [sorted(row, key=lambda f: -f.size)[:top] for row in rows]

    def writers(self, site: str) -> tuple[list[tuple[int, int]], Float[Tensor, "features d"]]:
        """Every feature that writes to a site, and its decoder vector there."""
        assert self.dictionary is not None, "a linear map has no features"
        j = self.writes.index(site)
        names, vectors = [], []
        for e, decoder in enumerate(self.dictionary.decoders):
            if j in decoder.targets:
                vectors.append(decoder.weight[:, decoder.targets.index(j)].float())
                names += [(e, feature) for feature in range(len(vectors[-1]))]
        return names, torch.cat(vectors)


def _with_twins(
    site: str, rows: Rows, ours: _Made, theirs: _Made
) -> list[tuple[ActiveFeature, ...]]:
    shown = sorted({(f.encoder, f.feature) for row in rows for f in row})
    twins: dict[tuple[int, int], tuple[int, int] | None] = {}
    if shown and theirs.dictionary is not None and ours.dictionary is not None:
        j = ours.writes.index(site)
        vectors = torch.cat(
            [
                ours.dictionary.decoders[e].rows(torch.tensor([f]), j, torch.zeros(1))
                for e, f in shown
            ]
        )
        names, other = theirs.writers(site)
        cosines, at = nearest(vectors, other.cpu())
        for name, cosine, i in zip(shown, cosines.tolist(), at.tolist(), strict=True):
            twins[name] = names[i] if cosine > TWIN else None
    return [
        tuple(
            ActiveFeature(
                f.encoder, f.feature, f.activation, f.size, twins.get((f.encoder, f.feature))
            )
            for f in row
        )
        for row in rows
    ]
