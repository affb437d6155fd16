"""One type for every sparse dictionary: what differs is which sites it reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.artifact.fingerprint import fingerprint_tensors
from microtome.dictionary.activation import Activation
from microtome.dictionary.codes import Codes
from microtome.errors import MicrotomeError

Kind = Literal["sae", "plt", "clt", "crosscoder"]


@dataclass(frozen=True)
class Encoder:
    """Pre-activation = x @ weight.T + bias, then the activation function.

    x is the activation at one site, or for a crosscoder those at several, side by side.
    """

    weight: Float[Tensor, "features d_read"]
    bias: Float[Tensor, " features"]
    activation: Activation

    def pre_activations(self, x: Float[Tensor, "rows d_read"]) -> Float[Tensor, "rows features"]:
        return torch.addmm(self.bias, x, self.weight.T)

    def encode(self, x: Float[Tensor, "rows d_read"]) -> Codes:
        pre = self.pre_activations(x)
        return Codes.from_mask(pre, self.activation.active(pre))

    def activations(
        self, x: Float[Tensor, "n d_read"], features: Int[Tensor, " n"]
    ) -> Float[Tensor, " n"]:
        """Activation of one feature on each of some rows, 0 where it is not active.

        Only those features are computed, but for topk, whose features depend on all others.
        """
        if self.activation.kind == "topk":
            at = torch.arange(len(x), device=x.device)
            pre = self.pre_activations(x)
            return torch.where(self.activation.active(pre), pre, 0.0)[at, features]
        picked = self.activation.select(features)
        pre = (x * self.weight[features]).sum(-1) + self.bias[features]
        return torch.where(picked.active(pre), pre, 0.0)


@dataclass(frozen=True)
class Decoder:
    """Writes, for one encoder's features, to one or more sites.

    The weights may be a memory-mapped tensor in the file's own dtype: only rows that are asked
    for are read and converted.
    """

    weight: Float[Tensor, "features targets d_out"]
    targets: tuple[int, ...]
    """Indices of the written sites, in the order of `weight`'s second axis."""

    def rows(
        self, features: Int[Tensor, " n"], target: int, like: Tensor
    ) -> Float[Tensor, "n d_out"]:
        """Decoder vectors of some features at one written site, with `like`'s dtype and device."""
        at = self.targets.index(target)
        picked = self.weight[:, at][features.to(self.weight.device)]
        return picked.to(like.device, like.dtype)


@dataclass(frozen=True, repr=False)
class Dictionary:
    """A sparse encoder and decoder over named sites (SAE, PLT, CLT or crosscoder).

    Encoder i reads site `reads[i]` (the sites `sources[i]` of `reads` where those are given); its
    features write to the sites `decoders[i].targets` of `writes`. A linear skip (Dunefsky et al.
    2024; Paulo et al. 2025) adds x @ skip to the site of the same index. Features are named
    (i, feature): for PLTs and CLTs i counts the layers read.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    encoders: tuple[Encoder, ...]
    decoders: tuple[Decoder, ...]
    biases: tuple[Float[Tensor, " d_out"], ...]
    skips: tuple[Float[Tensor, "d_in d_out"] | None, ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()
    """Per encoder, the indices of the sites it reads; site i for encoder i unless given."""
    skip_first: bool = True
    """Whether position 0 (the attention sink) was left out of training; metrics follow."""
    skip_special: bool = False
    """Whether special tokens (BOS, EOS, padding) were left out wherever they stand."""
    model: str = ""
    """Fingerprint of the model it was trained on; empty where unknown."""
    name: str = "dictionary"
    info: dict = field(default_factory=dict)
    """What else the file it came from says of it."""

    def __post_init__(self):
        if not self.skips:
            object.__setattr__(self, "skips", (None,) * len(self.writes))
        if not self.sources:
            object.__setattr__(self, "sources", tuple((i,) for i in range(len(self.reads))))
        _check(self)

    def __repr__(self) -> str:
        features = sum(self.n_features)
        return f"<{self.kind} {self.name}: {len(self.reads)} sites, {features} features>"

    @property
    def kind(self) -> Kind:
        if any(len(sources) > 1 for sources in self.sources):
            return "crosscoder"
        if any(decoder.targets != (i,) for i, decoder in enumerate(self.decoders)):
            return "clt" if self.reads != self.writes else "crosscoder"
        return "sae" if self.reads == self.writes else "plt"

    @property
    def n_features(self) -> tuple[int, ...]:
        """Number of features of each encoder."""
        return tuple(len(encoder.bias) for encoder in self.encoders)

    @property
    def d_in(self) -> int:
        """Width of one site read."""
        return self.encoders[0].weight.shape[1] // len(self.sources[0])

    @property
    def d_out(self) -> int:
        return self.decoders[0].weight.shape[2]

    @property
    def fingerprint(self) -> str:
        """Identity of the weights, whatever format they were read from."""
        tensors: dict[str, Tensor] = {}
        for i, (encoder, decoder) in enumerate(zip(self.encoders, self.decoders, strict=True)):
            tensors |= {f"encoder.{i}": encoder.weight, f"bias.{i}": encoder.bias}
            tensors[f"decoder.{i}"] = decoder.weight
            if encoder.activation.threshold is not None:
                tensors[f"threshold.{i}"] = encoder.activation.threshold
        for j, (bias, skip) in enumerate(zip(self.biases, self.skips, strict=True)):
            tensors[f"decoder_bias.{j}"] = bias
            if skip is not None:
                tensors[f"skip.{j}"] = skip
        return fingerprint_tensors(tensors)

    def check_finite(self) -> None:
        """Refuse encoders and biases that are not finite.

        NaN would switch features off without a word: a sum tells, and is cheap. Decoders, which
        may be memory-mapped, are not read; what they write shows by itself.

        Raises:
            MicrotomeError: names the part and the site.
        """
        for sources, encoder in zip(self.sources, self.encoders, strict=True):
            parts = {"encoder": encoder.weight, "encoder bias": encoder.bias}
            if encoder.activation.threshold is not None:
                parts["threshold"] = encoder.activation.threshold
            for part, tensor in parts.items():
                _check_finite(tensor, f"{self.name}: the {part} at {self.reads[sources[0]]}")
        for site, bias in zip(self.writes, self.biases, strict=True):
            _check_finite(bias, f"{self.name}: b_dec at {site}")

    def to(self, device: torch.device | str, dtype: torch.dtype) -> "Dictionary":
        """The same dictionary for computing on a device; decoders stay where they are."""
        from dataclasses import replace

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device, dtype)

        return replace(
            self,
            encoders=tuple(
                Encoder(
                    e.weight.to(device, dtype),
                    e.bias.to(device, dtype),
                    e.activation.to(device, dtype),
                )
                for e in self.encoders
            ),
            biases=tuple(bias.to(device, dtype) for bias in self.biases),
            skips=tuple(moved(skip) for skip in self.skips),
        )

    def encode(self, inputs: Sequence[Float[Tensor, "rows d_in"]]) -> list[Codes]:
        """Codes of every encoder, given the activations at `reads`."""
        codes = []
        for encoder, sources in zip(self.encoders, self.sources, strict=True):
            parts = [inputs[i] for i in sources]
            codes.append(encoder.encode(parts[0] if len(parts) == 1 else torch.cat(parts, -1)))
        return codes

    def decode(self, codes: Sequence[Codes], target: int) -> Float[Tensor, "rows d_out"]:
        """The sum of active features at one written site, without bias and skip."""
        like = self.biases[target]
        out = like.new_zeros(codes[0].n_rows, len(like))
        for i, decoder in enumerate(self.decoders):
            if target in decoder.targets and codes[i].n_active:
                rows = decoder.rows(codes[i].features, target, like)
                out.index_add_(0, codes[i].rows(), rows * codes[i].values[:, None].to(like.dtype))
        return out

    def reconstruct(
        self, inputs: Sequence[Float[Tensor, "rows d_in"]], codes: Sequence[Codes] | None = None
    ) -> list[Float[Tensor, "rows d_out"]]:
        """What the dictionary puts at every written site: features, bias and linear skip."""
        codes = codes or self.encode(inputs)
        out = []
        for j, (bias, skip) in enumerate(zip(self.biases, self.skips, strict=True)):
            y = self.decode(codes, j) + bias
            out.append(y if skip is None else y + inputs[j] @ skip)
        return out


def _check_finite(tensor: Tensor, what: str) -> None:
    if not bool(tensor.sum().isfinite()):
        raise MicrotomeError(f"{what} is not finite; fetch or train the dictionary again")


def _check(d: Dictionary) -> None:
    """Refuse a dictionary whose parts do not fit together."""
    if not d.reads:
        raise MicrotomeError(f"{d.name} reads no site")
    if len(d.encoders) != len(d.sources) or len(d.decoders) != len(d.sources):
        raise MicrotomeError(
            f"{d.name} reads {len(d.sources)} groups of sites but has {len(d.encoders)} encoders "
            f"and {len(d.decoders)} decoders"
        )
    if {i for sources in d.sources for i in sources} != set(range(len(d.reads))):
        raise MicrotomeError(
            f"{d.name}: the encoders read the sites of index {d.sources}, expected each of the "
            f"{len(d.reads)} sites"
        )
    if len(d.biases) != len(d.writes) or len(d.skips) != len(d.writes):
        raise MicrotomeError(f"{d.name} writes {len(d.writes)} sites but has {len(d.biases)} b_dec")
    for sources, encoder, decoder in zip(d.sources, d.encoders, d.decoders, strict=True):
        site = d.reads[sources[0]]
        n, d_read = encoder.weight.shape
        shapes = {
            "encoder bias": (tuple(encoder.bias.shape), (n,)),
            "encoder": ((d_read,), (d.d_in * len(sources),)),
            "decoder": (tuple(decoder.weight.shape), (n, len(decoder.targets), d.d_out)),
        }
        for part, (found, expected) in shapes.items():
            if found != expected:
                raise MicrotomeError(
                    f"{d.name}: the {part} at {site} has shape {found}, expected {expected}"
                )
        if not set(decoder.targets) <= set(range(len(d.writes))):
            raise MicrotomeError(
                f"{d.name}: the features of {site} write to sites {decoder.targets}, expected "
                f"indices below {len(d.writes)}"
            )
        threshold = encoder.activation.threshold
        if threshold is not None and tuple(threshold.shape) not in ((), (1,), (n,)):
            raise MicrotomeError(
                f"{d.name}: the threshold at {site} has shape {tuple(threshold.shape)}, expected "
                f"one value or {(n,)}"
            )
    _check_outputs(d)


def _check_outputs(d: Dictionary) -> None:
    for j, (bias, skip) in enumerate(zip(d.biases, d.skips, strict=True)):
        if tuple(bias.shape) != (d.d_out,):
            raise MicrotomeError(
                f"{d.name}: b_dec has shape {tuple(bias.shape)}, expected {(d.d_out,)}"
            )
        if skip is None:
            continue
        if j >= len(d.reads):
            raise MicrotomeError(f"{d.name}: the skip to {d.writes[j]} has no site to read")
        if tuple(skip.shape) != (d.d_in, d.d_out):
            raise MicrotomeError(
                f"{d.name}: the skip to {d.writes[j]} has shape {tuple(skip.shape)}, expected "
                f"{(d.d_in, d.d_out)}"
            )
