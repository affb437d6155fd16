"""The local replacement model: one prompt, its MLPs replaced by a dictionary plus errors."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Run, Site
from microtome.model.frozen import FrozenModel, freeze, sites_to_freeze, wide
from microtome.model.norm import FrozenNorm


@dataclass(frozen=True)
class ActiveFeatures:
    """The active features of a prompt, sorted by layer, then position, then feature."""

    layer: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    feature: Int[Tensor, " n"]
    activation: Float[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.layer)

    def select(self, index: Tensor) -> "ActiveFeatures":
        return ActiveFeatures(
            self.layer[index], self.position[index], self.feature[index], self.activation[index]
        )


@dataclass(frozen=True)
class LocalReplacement:
    """One prompt's replacement model (Ameisen et al. 2025, "Circuit Tracing", section 3.3).

    At every layer and position, mlp_out = features + error + constant + linear skip. The
    constant is b_dec and what the skip makes of the norm's bias; at skipped positions it is the
    MLP's output itself, so that conservation holds there too.
    """

    frozen: FrozenModel
    dictionary: Dictionary
    tokens: Int[Tensor, " position"]
    logits: Float[Tensor, " vocabulary"]
    """The model's own logits at the last position, after any soft-cap; on the CPU."""
    reads: tuple[FrozenNorm, ...]
    """By layer, how the dictionary's input follows from the stream."""
    inputs: tuple[Float[Tensor, "position d"], ...]
    """By layer, the dictionary's input."""
    codes: tuple[Codes, ...]
    errors: Float[Tensor, "layer position d"]
    constants: Float[Tensor, "layer position d"]
    fvu: float
    """Fraction of the variance of MLP outputs that the dictionary leaves unexplained on this
    prompt, summed over layers, without skipped positions."""
    skip_positions: tuple[int, ...]

    @property
    def n_layers(self) -> int:
        return self.frozen.n_layers

    @property
    def n_positions(self) -> int:
        return self.frozen.n_positions

    def active_features(self) -> ActiveFeatures:
        layers = [torch.full_like(c.features, i) for i, c in enumerate(self.codes)]
        return ActiveFeatures(
            layer=torch.cat(layers),
            position=torch.cat([c.rows() for c in self.codes]),
            feature=torch.cat([c.features for c in self.codes]),
            activation=torch.cat([c.values for c in self.codes]),
        )


def check_fits(model: LanguageModel, dictionary: Dictionary) -> None:
    """Refuse a dictionary that cannot replace the MLPs of a model.

    Raises:
        MicrotomeError: names the width, layer count or site that does not fit.
    """
    reads = [Site.parse(name) for name in dictionary.reads]
    writes = [Site.parse(name) for name in dictionary.writes]
    for site in writes:
        if site.kind != "mlp.out":
            raise MicrotomeError(
                f"{dictionary.name} writes {site}, but an attribution graph needs a transcoder "
                f"(PLT or CLT) that writes mlp.out of every layer"
            )
    for name, sites in (("reads", reads), ("writes", writes)):
        layers = [site.layer for site in sites]
        if layers != list(range(model.n_layers)):
            raise MicrotomeError(
                f"{dictionary.name} {name} {len(layers)} layers ({_span(layers)}), but "
                f"{model.name} has {model.n_layers} (0 to {model.n_layers - 1}); use a dictionary "
                f"that was trained on this model"
            )
    allowed = ("mlp.in", "mlp.normalized", "resid.pre" if model.parallel else "resid.mid")
    for site in reads:
        if site.kind not in allowed:
            raise MicrotomeError(
                f"{dictionary.name} reads {site}, but an attribution graph needs a transcoder "
                f"that reads the MLP's input ({', '.join(allowed)})"
            )
    for i, decoder in enumerate(dictionary.decoders):
        if min(decoder.targets, default=i) < i:
            raise MicrotomeError(
                f"{dictionary.name}: features that read layer {i} write to layer "
                f"{min(decoder.targets)}; features can only write to their own and later layers"
            )
    for width, what in ((dictionary.d_in, "reads"), (dictionary.d_out, "writes")):
        if width != model.d_model:
            raise MicrotomeError(
                f"{dictionary.name} {what} activations of width {width}, but {model.name} has "
                f"width {model.d_model}; use a dictionary that was trained on this model"
            )


def _span(layers: list[int | None]) -> str:
    known = [layer for layer in layers if layer is not None]
    return f"{min(known)} to {max(known)}" if known else "none"


@torch.no_grad()
def build_replacement(
    model: LanguageModel,
    dictionary: Dictionary,
    tokens: Int[Tensor, "1 position"],
    skip_positions: tuple[int, ...] = (0,),
) -> LocalReplacement:
    """Run the model once and build its local replacement model for this prompt.

    Args:
        model: any model with an adapter row.
        dictionary: a PLT or CLT that reads and writes the MLPs of all its layers.
        tokens: one prompt, [1, position].
        skip_positions: positions without features and errors; the attention sink by default.

    Raises:
        MicrotomeError: the dictionary does not fit, or activations are not finite.
    """
    check_fits(model, dictionary)
    dictionary.check_finite()
    reads = [Site.parse(name) for name in dictionary.reads]
    run = model.run(tokens, [*sites_to_freeze(model), *reads])
    frozen = freeze(model, run)
    dictionary = dictionary.to(model.device, frozen.tokens.dtype)
    inputs = tuple(wide(run[site][0]) for site in reads)
    skipped = sorted({p for p in skip_positions if p < frozen.n_positions})
    codes = [code.without_rows(skipped) for code in dictionary.encode(inputs)]
    read_norms = tuple(frozen.read(site) for site in reads)
    return LocalReplacement(
        frozen=frozen,
        dictionary=dictionary,
        tokens=tokens[0],
        logits=wide(run.logits[0, -1]).cpu(),
        reads=read_norms,
        inputs=inputs,
        codes=tuple(codes),
        **_errors_and_constants(dictionary, run, inputs, codes, read_norms, skipped),
        skip_positions=tuple(skipped),
    )


def _errors_and_constants(
    dictionary: Dictionary,
    run: Run,
    inputs: tuple[Tensor, ...],
    codes: list[Codes],
    reads: tuple[FrozenNorm, ...],
    skipped: list[int],
) -> dict[str, Any]:
    errors, constants, variance = [], [], 0.0
    kept = [p for p in range(len(inputs[0])) if p not in skipped]
    for layer, (bias, skip) in enumerate(zip(dictionary.biases, dictionary.skips, strict=True)):
        mlp_out = wide(run[Site("mlp.out", layer)][0])
        constant = bias.expand_as(mlp_out).clone()
        through_skip = torch.zeros_like(mlp_out)
        if skip is not None:
            constant += reads[layer].constant @ skip
            through_skip = (inputs[layer] - reads[layer].constant) @ skip
        error = mlp_out - through_skip - constant - dictionary.decode(codes, layer)
        constant[skipped] += error[skipped]
        error[skipped] = 0
        errors.append(error)
        constants.append(constant)
        varying = mlp_out[kept] - mlp_out[kept].mean(0)
        variance += float(varying.pow(2).sum())
    stacked = torch.stack(errors)
    fvu = float(stacked.pow(2).sum()) / variance if variance > 0 else float("nan")
    return {"errors": stacked, "constants": torch.stack(constants), "fvu": fvu}
