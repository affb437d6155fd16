"""Baselines: what stands beside every dictionary, at the same number of active features.

A dictionary that does not clearly beat them has learned nothing (Heap et al. 2025, "Sparse
Autoencoders Can Interpret Randomly Initialized Transformers"; Korznikov et al. 2026, "Sanity
Checks for Sparse Autoencoders: Do SAEs Beat Random Baselines?").
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.evaluation.fit import Fit
from microtome.evaluation.reconstruction import exact
from microtome.model import LanguageModel

BASELINES = {
    "random init": "the same shape with random weights: unit decoder rows, encoder its transpose",
    "random decoder": "random unit directions, the best of them by token, best values",
    "PCA": "as many principal components by token as features are active",
    "random model": "this dictionary on a copy of the model whose weights were shuffled",
}
"""Names in the report, and what they are."""

_CHUNK = 256


@dataclass(frozen=True)
class Reconstruction:
    """What something puts at every written site, for the tokens that count."""

    outputs: Sequence[Float[Tensor, "tokens d"]]
    active: Sequence[Tensor]
    """Features (or directions) used per token, by written site."""
    activation: Sequence[Tensor]
    """Sum of their activations per token."""


@runtime_checkable
class Reconstructor(Protocol):
    """Anything that fills written sites from read sites: a dictionary's stand-in."""

    @property
    def reads(self) -> tuple[str, ...]: ...

    @property
    def writes(self) -> tuple[str, ...]: ...

    def reconstruct(self, inputs: Sequence[Tensor]) -> Reconstruction: ...


@dataclass(frozen=True)
class SparseBaseline:
    """Directions per written site, of which each token uses the k that matter most to it."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    sites: tuple["SiteBaseline", ...]

    def reconstruct(self, inputs: Sequence[Tensor]) -> Reconstruction:
        outputs, active, activation = [], [], []
        for x, site in zip(inputs, self.sites, strict=True):
            parts = [site.reconstruct(part) for part in x.split(_CHUNK)]
            outputs.append(torch.cat([y for y, _ in parts]) if parts else x.new_zeros(0))
            sizes = torch.cat([size for _, size in parts])
            active.append(torch.full_like(sizes, site.k))
            activation.append(sizes)
        return Reconstruction(outputs, active, activation)


class SiteBaseline(nn.Module):
    """Predict y linearly from x, then keep what k directions can say of it.

    The linear map is the identity where x is y (an SAE). For a transcoder it is the least-squares
    map fitted on training documents, because a baseline that saw y itself would be unfair.
    """

    def __init__(self, moments, k: int, same: bool, directions: Tensor | None):
        super().__init__()
        width = len(moments.y)
        self.mean_x = nn.Buffer(moments.mean_x.float())
        self.mean_y = nn.Buffer(moments.mean_y.float())
        linear = torch.eye(width, dtype=torch.float64) if same else moments.linear_map()
        self.linear = nn.Buffer(linear.float())
        self.orthogonal = directions is None
        if directions is None:
            components = torch.linalg.eigh(moments.covariance).eigenvectors.T
            self.components = nn.Buffer(components.float())
            self.directions = nn.Buffer((components @ linear).float())
        else:
            self.directions = nn.Buffer(directions.float())
        # more directions than dimensions could add nothing
        self.k = max(min(k, len(self.directions), self.directions.shape[1]), 1)

    @torch.no_grad()
    def reconstruct(self, x: Float[Tensor, "rows d"]) -> tuple[Tensor, Tensor]:
        self.to(x.device)
        centred = (x - self.mean_x.to(x.dtype)).float()
        y, values = self._principal(centred) if self.orthogonal else self._pursuit(centred)
        return (y + self.mean_y).to(x.dtype), values.abs().sum(-1)

    def _principal(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The k components whose contribution to y is largest."""
        coefficients = x @ self.components.T
        sizes = coefficients.abs() * self.directions.norm(dim=-1)
        kept = sizes.topk(self.k, dim=-1).indices
        values = coefficients.gather(-1, kept)
        return torch.einsum("nk,nkd->nd", values, self.directions[kept]), values

    def _pursuit(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The k directions nearest to y, with the values that reconstruct it best.

        Least squares on the chosen directions is at least as good as any trained encoder with
        that choice, so the baseline is stronger than the one in the literature, whose encoder is
        trained against a frozen decoder, up to the choice itself.
        """
        y = x @ self.linear
        kept = (y @ self.directions.T).topk(self.k, dim=-1).indices
        chosen, target = exact(self.directions[kept]), exact(y)
        gram = chosen @ chosen.transpose(1, 2)
        gram = gram + 1e-6 * torch.eye(self.k, dtype=gram.dtype, device=gram.device)
        values = torch.linalg.solve(gram, torch.einsum("nkd,nd->nk", chosen, target))
        made = torch.einsum("nk,nkd->nd", values, chosen)
        return made.to(y.device, y.dtype), values.to(y.device, y.dtype)


def pca(dictionary: Dictionary, fit: Fit) -> SparseBaseline:
    """Principal components of what is read; each token keeps the L0 that contribute most."""
    return _per_site(dictionary, fit, lambda j: None)


def random_decoder(dictionary: Dictionary, fit: Fit, seed: int = 0) -> SparseBaseline:
    """As many random unit directions as the layer has features, frozen."""
    generator = torch.Generator().manual_seed(seed)

    def directions(j: int) -> Tensor:
        n = dictionary.n_features[min(j, len(dictionary.n_features) - 1)]
        random = torch.randn(n, len(fit.moments[j].y), generator=generator)
        return nn.functional.normalize(random, dim=-1)

    return _per_site(dictionary, fit, directions)


def _per_site(dictionary: Dictionary, fit: Fit, directions) -> SparseBaseline:
    sites = tuple(
        SiteBaseline(fit.moments[j], round(fit.l0_written[j]), fit.reads[j] == write, directions(j))
        for j, write in enumerate(dictionary.writes)
    )
    return SparseBaseline(fit.reads, dictionary.writes, sites)


def random_init(dictionary: Dictionary, fit: Fit, seed: int = 0) -> Dictionary:
    """What training starts from: random unit decoders, encoders their transposes, on activations
    of mean 0 and mean square 1, with the trained dictionary's number of active features."""
    generator = torch.Generator().manual_seed(seed)
    by_read = {read: fit.moments[j] for j, read in enumerate(fit.reads)}
    encoders, decoders = [], []
    for e, (encoder, decoder) in enumerate(
        zip(dictionary.encoders, dictionary.decoders, strict=True)
    ):
        n, targets, width = decoder.weight.shape
        weight = torch.randn(n, targets, width, generator=generator)
        weight /= weight.flatten(1).norm(dim=1)[:, None, None]
        first = nn.functional.normalize(weight[:, 0], dim=-1)
        if encoder.weight.shape[1] != width:
            random = torch.randn(n, encoder.weight.shape[1], generator=generator)
            first = nn.functional.normalize(random, dim=-1)
        moments = [by_read.get(dictionary.reads[i]) for i in dictionary.sources[e]]
        sizes = [m.size("x") if m else 1.0 for m in moments]
        means = [m.mean_x if m else torch.zeros(dictionary.d_in).double() for m in moments]
        scale = torch.cat([torch.full((dictionary.d_in,), 1 / size) for size in sizes])
        scaled = first * scale
        bias = -(scaled.double() @ torch.cat(means)).float()
        k = max(min(round(fit.l0[e]), n), 1)
        encoders.append(Encoder(scaled, bias, Activation("topk", k=k)))
        written = torch.tensor([fit.moments[j].size("y") for j in decoder.targets])
        decoders.append(Decoder(weight * written[:, None], decoder.targets))
    return Dictionary(
        reads=dictionary.reads,
        writes=dictionary.writes,
        encoders=tuple(encoders),
        decoders=tuple(decoders),
        biases=tuple(m.mean_y.float() for m in fit.moments),
        sources=dictionary.sources,
        skip_first=dictionary.skip_first,
        skip_special=dictionary.skip_special,
        model=dictionary.model,
        name="random init",
    )


def random_model(model: LanguageModel, seed: int = 0) -> LanguageModel:
    """A copy of the model in which the entries of every weight matrix are shuffled.

    Shuffling keeps each matrix's distribution, so activations keep their scale and the copy is
    no straw man; norms and biases stay.
    """
    hf = copy.deepcopy(model.hf)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in hf.parameters():
            if parameter.ndim > 1:
                order = torch.randperm(parameter.numel(), generator=generator)
                shuffled = parameter.flatten()[order.to(parameter.device)]
                parameter.copy_(shuffled.view_as(parameter))
    return LanguageModel(hf, model.tokenizer, f"{model.name} with shuffled weights")
