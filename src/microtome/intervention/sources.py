"""What another prompt has where a `patch` puts it."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import EAGER
from microtome.intervention.description import (
    Direction,
    Features,
    Head,
    Intervention,
    WholeSite,
)
from microtome.model import LanguageModel, Run, Site
from microtome.model.frozen import wide


class Sources:
    """The other prompts of a batch of interventions, each run once."""

    def __init__(
        self,
        model: LanguageModel,
        dictionary: Dictionary | None,
        batch: Sequence[Sequence[Intervention]],
    ):
        self._model, self._dictionary = model, dictionary
        self._runs: dict[str | tuple[int, ...], Run] = {}
        wanted: dict[str | tuple[int, ...], set[Site]] = {}
        for intervention in (i for row in batch for i in row):
            if intervention.source is not None:
                sites = wanted.setdefault(intervention.source, set())
                sites |= set(self._sites(intervention))
        for source, sites in wanted.items():
            self._runs[source] = model.run(
                self._tokens(source), sorted(sites, key=str), watch=EAGER
            )

    def _tokens(self, source: str | tuple[int, ...]) -> Tensor:
        if isinstance(source, str):
            return self._model.tokenize(source)
        outside = [token for token in source if not 0 <= token < self._model.d_vocab]
        if outside:  # before it is a tensor, which may be too small for it
            raise MicrotomeError(
                f"token id {outside[0]} of the prompt that is patched from is outside the "
                f"vocabulary of {self._model.name} (0 to {self._model.d_vocab - 1})"
            )
        return self._model.check_tokens(torch.tensor([source], dtype=torch.long))

    def _sites(self, intervention: Intervention) -> Iterable[Site]:
        what, model = intervention.what, self._model
        if isinstance(what, Features):
            return map(model.check_site, self._dictionary.reads if self._dictionary else ())
        if isinstance(what, Head):
            return [model.check_site(Site("attn.head.out", what.layer))]
        assert isinstance(what, Direction | WholeSite)
        return [model.check_site(what.site)]

    def _positions(self, intervention: Intervention, span: tuple[int, int]) -> range:
        """Where to patch: `all` ends with the other prompt."""
        assert intervention.source is not None
        n = self._runs[intervention.source].logits.shape[1]
        start, stop = span
        if isinstance(intervention.positions, tuple) and stop > n:
            raise MicrotomeError(
                f"position {start} is not in the prompt that is patched from, which has {n} tokens"
            )
        return range(start, min(stop, n))

    def features(
        self, intervention: Intervention, encoder: int, feature: int, span: tuple[int, int]
    ) -> Iterator[tuple[int, float]]:
        """Positions, and a feature's activations there."""
        dictionary, positions = self._dictionary, self._positions(intervention, span)
        assert dictionary is not None and intervention.source is not None
        run = self._runs[intervention.source]
        reads = [dictionary.reads[i] for i in dictionary.sources[encoder]]
        x = torch.cat([wide(run[site][0, positions.start : positions.stop]) for site in reads], -1)
        ids = torch.full((len(x),), feature, device=x.device)
        values = dictionary.encoders[encoder].activations(x, ids)
        return zip(positions, values.tolist(), strict=True)

    def components(
        self,
        intervention: Intervention,
        site: Site,
        vector: Float[Tensor, " d"],
        span: tuple[int, int],
    ) -> Iterator[tuple[int, float]]:
        """Positions, and the component along a direction there, in multiples of it."""
        positions = self._positions(intervention, span)
        assert intervention.source is not None
        x = wide(self._runs[intervention.source][site][0, positions.start : positions.stop])
        values = x @ vector.to(x.dtype) / (vector @ vector).to(x.dtype)
        return zip(positions, values.tolist(), strict=True)

    def block(
        self, intervention: Intervention, site: Site, columns: slice, span: tuple[int, int]
    ) -> tuple[tuple[int, int], Float[Tensor, "position columns"]]:
        """Where to patch, and all positions of a head or site of the other prompt."""
        positions = self._positions(intervention, span)
        assert intervention.source is not None
        x = self._runs[intervention.source][site][0]
        return (positions.start, positions.stop), x.flatten(1)[:, columns]
