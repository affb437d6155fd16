"""The transcoder being trained: parameters, forward pass and loss, in standardised space."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.training.normalise import Scale
from microtome.training.recipe import Recipe


@dataclass(frozen=True)
class Forward:
    """One batch through the transcoder."""

    pre: Float[Tensor, "layer token feature"]
    codes: Float[Tensor, "layer token feature"]
    outputs: Float[Tensor, "layer token d"]


class Transcoder(nn.Module):
    """PLT or CLT for all layers of a model.

    The decoder vectors of a feature have, over all layers it writes to, norm 1 together, so that
    its activation is its size and TopK compares like with like.
    """

    def __init__(self, recipe: Recipe, layers: int, d: int):
        super().__init__()
        self.recipe = recipe
        self.layers = layers
        generator = torch.Generator().manual_seed(recipe.seed)
        decoders = []
        for layer in range(layers):
            n_targets = layers - layer if recipe.kind == "clt" else 1
            decoders.append(torch.randn(recipe.features, n_targets, d, generator=generator))
        self.decoders = nn.ParameterList(decoders)
        self.normalise_decoders()
        first = torch.stack([w.detach()[:, 0] for w in self.decoders])
        self.encoder = nn.Parameter(nn.functional.normalize(first, dim=-1).transpose(1, 2).clone())
        self.encoder_bias = nn.Parameter(torch.zeros(layers, 1, recipe.features))
        self.decoder_bias = nn.Parameter(torch.zeros(layers, 1, d))
        self.skip = nn.Parameter(torch.zeros(layers, d, d)) if recipe.linear_skip else None
        self.threshold = nn.Buffer(torch.zeros(layers))
        """Running mean of the smallest kept activation, for BatchTopK at inference."""

    @torch.no_grad()
    def normalise_decoders(self) -> None:
        for weight in self.decoders:
            weight /= weight.flatten(1).norm(dim=1)[:, None, None]

    def forward(self, x: Float[Tensor, "layer token d"]) -> Forward:
        pre = torch.baddbmm(self.encoder_bias, x, self.encoder)
        codes = pre * self._active(pre.detach())
        outputs = self.decode(codes) + self.decoder_bias
        if self.skip is not None:
            outputs = outputs + x @ self.skip
        return Forward(pre, codes, outputs)

    def _active(
        self, pre: Float[Tensor, "layer token feature"]
    ) -> Bool[Tensor, "layer token feature"]:
        k = self.recipe.k
        if self.recipe.activation == "topk":
            kept = pre.topk(k, dim=-1).indices
            return torch.zeros_like(pre, dtype=torch.bool).scatter_(-1, kept, True) & (pre > 0)
        n = k * pre.shape[1]
        guesses = (self.threshold / 2).tolist()
        kept = zip(pre.flatten(1), guesses, strict=True)
        smallest = torch.stack([_nth_largest(x, n, guess) for x, guess in kept]).clamp(min=0)
        if self.training:
            first = not bool(self.threshold.any())
            self.threshold.lerp_(smallest, 1.0 if first else 0.01)
        return pre > smallest[:, None, None]

    def decode(self, codes: Float[Tensor, "layer token feature"]) -> Tensor:
        """Sum over the features that write to each layer: [layer, token, d]."""
        # unbound once: the gradient of every slice would be a full-sized tensor, mostly zeros
        active = codes.unbind(0)
        weights = [decoder.unbind(1) for decoder in self.decoders]
        outputs: list[Tensor] = []
        for target in range(self.layers):
            first = 0 if self.recipe.kind == "clt" else target
            out = active[first] @ weights[first][target - first]
            for source in range(first + 1, target + 1):
                out = torch.addmm(out, active[source], weights[source][target - source])
            outputs.append(out)
        return torch.stack(outputs)

    def fold(self, reads: list[Scale], writes: list[Scale], model: str, info: dict) -> Dictionary:
        """The trained dictionary on raw activations: scales folded into the weights.

        Pre-activations keep their size, so thresholds need no change.
        """
        encoders, decoders, biases, skips = [], [], [], []
        for layer, (read, write) in enumerate(zip(reads, writes, strict=True)):
            weight = self.encoder[layer].detach().T / read.size
            bias = self.encoder_bias[layer, 0].detach() - weight @ read.mean
            encoders.append(Encoder(weight.contiguous(), bias, self._activation(layer)))
            clt = self.recipe.kind == "clt"
            targets = tuple(range(layer, self.layers)) if clt else (layer,)
            sizes = torch.stack([writes[t].size for t in targets])
            decoders.append(Decoder(self.decoders[layer].detach() * sizes[:, None], targets))
            bias = self.decoder_bias[layer, 0].detach() * write.size + write.mean
            skip = None
            if self.skip is not None:
                skip = self.skip[layer].detach() * (write.size / read.size)
                bias = bias - read.mean @ skip
            biases.append(bias)
            skips.append(skip)
        return Dictionary(
            reads=tuple(f"blocks.{i}.mlp.in" for i in range(self.layers)),
            writes=tuple(f"blocks.{i}.mlp.out" for i in range(self.layers)),
            encoders=tuple(encoders),
            decoders=tuple(decoders),
            biases=tuple(biases),
            skips=tuple(skips),
            model=model,
            info=info,
        )

    def _activation(self, layer: int) -> Activation:
        if self.recipe.activation == "topk":
            return Activation("topk", k=self.recipe.k)
        return Activation("batchtopk", k=self.recipe.k, threshold=self.threshold[layer].clone())


def _nth_largest(values: Float[Tensor, " n"], n: int, guess: float) -> Float[Tensor, ""]:
    """The n-th largest value; only those above the guess are sorted if they are enough."""
    above = values[values > guess]
    return (above if len(above) >= n else values).topk(n, sorted=False).values.min()


def reconstruction_loss(
    outputs: Float[Tensor, "layer token d"], truth: Float[Tensor, "layer token d"]
) -> Float[Tensor, " layer"]:
    """Mean square of the error per layer; 1 is what predicting the mean would give."""
    return (outputs - truth).pow(2).mean((1, 2))


def aux_loss(
    transcoder: Transcoder,
    forward: Forward,
    truth: Float[Tensor, "layer token d"],
    dead: Bool[Tensor, "layer feature"],
) -> Tensor:
    """Dead features reconstruct the detached residual (Gao et al. 2024, "Scaling and evaluating
    sparse autoencoders", appendix A.2); the decoder bias is not added again."""
    residual = (truth - forward.outputs).detach()
    k = min(truth.shape[-1] // 2, transcoder.recipe.features)
    pre = forward.pre.masked_fill(~dead[:, None], 0).relu()
    kept = pre.topk(k, dim=-1)
    codes = torch.zeros_like(pre).scatter(-1, kept.indices, kept.values)
    error = (transcoder.decode(codes) - residual).pow(2).mean((1, 2))
    scale = residual.pow(2).mean((1, 2)).clamp(min=1e-12)
    return (error / scale).sum().nan_to_num(0.0)
