"""The model whose sites a dictionary names, and for some crosscoders a second one."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.data.harvest import OTHER
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide


@dataclass(frozen=True)
class Models:
    """One model, or two that read the same tokens; sites of the second start with `other:`."""

    model: LanguageModel
    other: LanguageModel | None = None

    def owner(self, name: str) -> tuple[LanguageModel, Site]:
        """The model that has a site, and the site.

        Raises:
            MicrotomeError: it is one of a second model, and there is none.
        """
        if not name.startswith(OTHER):
            return self.model, Site.parse(name)
        if self.other is None:
            raise MicrotomeError(
                f"site {name} is one of a second model, but none is given; pass --other "
                f"(other=model in Python)"
            )
        return self.other, Site.parse(name[len(OTHER) :])

    def capture(
        self, tokens: Int[Tensor, "batch position"], names: Iterable[str]
    ) -> dict[str, Float[Tensor, "batch position _"]]:
        """Activations by name; heads side by side, half precision widened."""
        by_model: dict[int, tuple[LanguageModel, dict[str, Site]]] = {}
        for name in names:
            model, site = self.owner(name)
            by_model.setdefault(id(model), (model, {}))[1][name] = site
        out = {}
        for model, sites in by_model.values():
            found = model.capture(tokens, list(sites.values()))
            out |= {
                name: wide(found[site].flatten(2)).to(self.model.device)
                for name, site in sites.items()
            }
        return out

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """In which dictionaries compute: half-precision thresholds and sums would round away."""
        return wide(torch.zeros((), dtype=self.model.dtype)).dtype
