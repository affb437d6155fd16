"""One prompt's run without interventions: what changes start from, and what is held."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Run, Site
from microtome.model.frozen import FrozenModel, freeze, sites_to_freeze, wide
from microtome.model.taps import Watch

EAGER: dict[Site, Watch] = {Site("attn.pattern", 0): lambda pattern: None}
"""Makes a pass compute attention as one does whose patterns are seen, or rounding alone would be an
effect of whatever was changed."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """One prompt's run without interventions."""

    model: LanguageModel
    tokens: Int[Tensor, "1 position"]
    dictionary: Dictionary | None
    """On the model's device, in the precision in which it computes."""
    run: Run

    @property
    def n_positions(self) -> int:
        return self.tokens.shape[1]

    @cached_property
    def frozen(self) -> FrozenModel:
        return freeze(self.model, self.run)

    @cached_property
    def reads(self) -> tuple[Site, ...]:
        return tuple(Site.parse(name) for name in self.dictionary.reads) if self.dictionary else ()

    @cached_property
    def inputs(self) -> tuple[Float[Tensor, "position d_in"], ...]:
        """What the dictionary reads, by site."""
        return tuple(wide(self.run[site][0]) for site in self.reads)

    @cached_property
    def codes(self) -> list[Codes]:
        """By encoder, at every position, skipped ones included."""
        return self.dictionary.encode(self.inputs) if self.dictionary else []

    def activations(
        self, encoder: int, positions: Int[Tensor, " n"], features: Int[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Activations of features of one encoder."""
        assert self.dictionary is not None
        sources = self.dictionary.sources[encoder]
        x = torch.cat([self.inputs[i][positions] for i in sources], -1)
        return self.dictionary.encoders[encoder].activations(x, features)


@torch.no_grad()
def hold(
    model: LanguageModel, tokens: Int[Tensor, "1 position"], dictionary: Dictionary | None = None
) -> Baseline:
    """Run a prompt once and keep what may have to be held.

    Raises:
        MicrotomeError: more than one prompt, or the dictionary's sites are not the model's.
    """
    if len(tokens) != 1:
        raise MicrotomeError(f"interventions are on one prompt, not on {len(tokens)} at a time")
    at_work = computing(model, dictionary)
    reads = [model.check_site(name) for name in at_work.reads] if at_work else []
    run = model.run(tokens, [*sites_to_freeze(model), *reads])
    return Baseline(model, model.check_tokens(tokens), at_work, run)


def computing(model: LanguageModel, dictionary: Dictionary | None) -> Dictionary | None:
    """A dictionary where the model is, in the precision of `precision`.

    Raises:
        MicrotomeError: it is of a model of other layers or another width.
    """
    if dictionary is None:
        return None
    check_widths(model, dictionary)
    return dictionary.to(model.device, precision(model))


def check_widths(model: LanguageModel, dictionary: Dictionary) -> None:
    """Refuse a dictionary of another model.

    Raises:
        MicrotomeError: names the site that the model lacks, or where it has another width.
    """
    for width, names in (
        (dictionary.d_in, dictionary.reads),
        (dictionary.d_out, dictionary.writes),
    ):
        for site in map(model.check_site, names):
            at_heads = site.kind == "attn.head.out"
            expected = model.n_heads * model.d_head if at_heads else model.d_model
            if width != expected:
                raise MicrotomeError(
                    f"{dictionary.name} has width {width} at {site}, but {model.name} has "
                    f"{expected}; use a dictionary that was trained on this model"
                )


def of_other_weights(model: LanguageModel, dictionary: Dictionary) -> bool:
    """Whether a dictionary says that it was trained on other weights than the model's.

    In half precision nothing can be said: rounding changes a fingerprint.
    """
    half = model.dtype in (torch.float16, torch.bfloat16)
    return bool(dictionary.model) and not half and dictionary.model != model.fingerprint


def precision(model: LanguageModel) -> torch.dtype:
    """In which changes of a model's activations are computed."""
    return torch.float64 if model.dtype == torch.float64 else torch.float32
