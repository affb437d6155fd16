"""A dictionary in training: parameters and forward pass, in standardised space."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from microtome.dictionary import Codes, Decoder, Dictionary, Encoder
from microtome.dictionary.kernels import FusedEncoder, Kernels
from microtome.training.architecture import RULES, Active, Rule
from microtome.training.layout import Layout
from microtome.training.mesh import ALONE, Mesh
from microtome.training.normalise import Scale
from microtome.training.recipe import DictionaryRecipe
from microtome.training.sparse import Gradients, decode_entries, encode_entries


@dataclass(frozen=True)
class Forward:
    """One batch through the coder."""

    inputs: list[Float[Tensor, "token d_read"]]
    """What each encoder read."""
    active: list[Active]
    base: Float[Tensor, "token written"]
    """Decoder bias and linear skip: what is written whatever is active."""
    outputs: Float[Tensor, "token written"]
    """Reconstructions of all written sites, side by side."""


class SparseCoder(nn.Module):
    """SAE, PLT, CLT or crosscoder of any architecture: encoders, decoders, and a rule each.

    The decoder vectors of a feature have, over all sites it writes to, norm 1 together, so that
    its activation is its size: top-k compares like with like and penalties need no norms.
    """

    def __init__(
        self,
        recipe: DictionaryRecipe,
        layout: Layout,
        d_in: int,
        d_out: int,
        kernels: Kernels,
        seed: int = 0,
        mesh: Mesh = ALONE,
        device: torch.device | str = "cpu",
    ):
        super().__init__()
        self.recipe, self.layout, self.mesh = recipe, layout, mesh
        self.d_in, self.d_out = d_in, d_out
        self.gradients = Gradients(kernels)
        encoders, biases, decoders, rules = [], [], [], []
        shard = mesh.shard(recipe.features)
        for i, (sources, targets) in enumerate(zip(layout.sources, layout.targets, strict=True)):
            generator = torch.Generator().manual_seed(seed * 1009 + i)
            width = len(targets) * d_out
            decoder = torch.randn(recipe.features, width, generator=generator)[shard].contiguous()
            decoder /= decoder.norm(dim=1, keepdim=True)
            encoders.append(_transposed(decoder, len(sources) * d_in, d_out).to(device))
            decoders.append(decoder.to(device))
            biases.append(torch.zeros(len(decoder), device=device))
            rules.append(RULES[recipe.architecture](recipe, len(decoder), kernels, mesh))
        self.encoders = nn.ParameterList(encoders)
        self.encoder_biases = nn.ParameterList(biases)
        self.decoders = nn.ParameterList(decoders)
        self.rules = nn.ModuleList(rules).to(device)
        n = len(layout.writes)
        self.decoder_bias = nn.Parameter(torch.zeros(n * d_out, device=device))
        skips = [torch.zeros(d_in, d_out, device=device) for _ in range(n * recipe.linear_skip)]
        self.skips = nn.ParameterList(skips)
        self._buffer: Tensor | None = None

    @property
    def n_encoders(self) -> int:
        return len(self.encoders)

    def rule(self, i: int) -> Rule:
        rule = self.rules[i]
        assert isinstance(rule, Rule)
        return rule

    @staticmethod
    def is_shared(name: str) -> bool:
        """Whether a parameter or buffer belongs to sites, not to features."""
        return name == "decoder_bias" or name.startswith("skips.") or name.endswith("smallest")

    @torch.no_grad()
    def start(
        self, x: list[Float[Tensor, "token d_in"]], truth: Float[Tensor, "token written"]
    ) -> None:
        """Set what depends on the first batch: the encoders' size, thresholds, biases.

        The size is the one that makes the first reconstruction best (at least 1/20): a random
        transcoder of size 1 starts with many times the error of predicting the mean, and spends
        its first steps on shrinking.
        """
        self._start_rules(x)
        guess = self(x).outputs
        sums = self.mesh.mean_data(torch.stack([(guess * truth).sum(), guess.pow(2).sum()]))
        size = (sums[0] / sums[1].clamp(min=1e-12)).clamp(0.05, 1.0)
        for weight, bias in zip(self.encoders, self.encoder_biases, strict=True):
            weight *= size
            bias.zero_()
        self._start_rules(x)
        for tensor in self.state_dict().values():
            self.mesh.copy_data(tensor)

    def _start_rules(self, x: list[Float[Tensor, "token d_in"]]) -> None:
        for i in range(self.n_encoders):
            self.rule(i).start(self._pre_activations(i, self._read(i, x)), self.encoder_biases[i])

    def forward(self, x: list[Float[Tensor, "token d_in"]]) -> Forward:
        inputs, active = [], []
        for i in range(self.n_encoders):
            read = self._read(i, x)
            codes = self._entries(i, read)
            bias = self.encoder_biases[i]
            pre = encode_entries(codes, bias, self.encoders[i], read, self.gradients)
            inputs.append(read)
            active.append(self.rule(i).activate(codes, pre, bias))
        codes, values = [a.codes for a in active], [a.values for a in active]
        base = self.decoder_bias.expand(len(x[0]), -1)
        if len(self.skips):
            base = base + torch.cat([a @ w for a, w in zip(x, self.skips, strict=True)], 1)
        return Forward(inputs, active, base, self.decode(codes, values, base))

    def decode(
        self,
        codes: list[Codes],
        values: list[Tensor],
        base: Float[Tensor, "token written"] | None = None,
        frozen: bool = False,
    ) -> Float[Tensor, "token written"]:
        """What entries write to all sites, over all feature ranks, added to `base`."""
        columns = [targets[0] * self.d_out for targets in self.layout.targets]
        alone = base is not None and self.mesh.feature_size == 1
        start = base if alone else self._nothing(codes[0].n_rows)
        assert start is not None
        own = decode_entries(
            codes, values, list(self.decoders), columns, start, self.gradients, frozen
        )
        total = self.mesh.sum_features(own)
        return total if alone or base is None else total + base

    def _nothing(self, rows: int) -> Float[Tensor, "token written"]:
        return self.decoder_bias.new_zeros(rows, len(self.layout.writes) * self.d_out)

    def _read(self, i: int, x: list[Float[Tensor, "token d_in"]]) -> Float[Tensor, "token d_read"]:
        parts = [x[s] for s in self.layout.sources[i]]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    @torch.no_grad()
    def _entries(self, i: int, read: Float[Tensor, "token d_read"]) -> Codes:
        """The entries that take part; TopK's without the dense product, by kernels that can."""
        kernels = self.gradients.kernels
        by_row = self.recipe.architecture == "topk" and self.mesh.feature_size == 1
        if by_row and isinstance(kernels, FusedEncoder):
            weight, bias = self.encoders[i], self.encoder_biases[i]
            return kernels.encode_top_k(read, weight, bias, self.recipe.k)
        return self.rule(i).entries(self._pre_activations(i, read))

    @torch.no_grad()
    def _pre_activations(self, i: int, read: Float[Tensor, "token d_read"]) -> Tensor:
        """The one dense product. Its memory is kept, as fresh memory costs as much again, and
        serves every encoder in turn: entries are copied out of it."""
        weight, bias = self.encoders[i], self.encoder_biases[i]
        shape = (len(read), len(weight))
        if self._buffer is None or self._buffer.shape != shape:
            self._buffer = weight.new_empty(shape)
        return torch.addmm(bias, read, weight.T, out=self._buffer)

    @torch.no_grad()
    def pre_activations_of(
        self, i: int, read: Float[Tensor, "token d_read"], features: Int[Tensor, " some"]
    ) -> Float[Tensor, "token some"]:
        """Pre-activations of some features of an encoder."""
        bias, weight = self.encoder_biases[i], self.encoders[i]
        return torch.addmm(bias[features], read, weight[features].T)

    @torch.no_grad()
    def project_gradients(self) -> None:
        """Keep the steps of the decoders on their spheres."""
        for weight in self.decoders:
            if weight.grad is not None:
                self.gradients.kernels.remove_parallel(weight.grad, weight.data)

    @torch.no_grad()
    def after_step(self) -> None:
        for weight in self.decoders:
            self.gradients.kernels.normalise(weight.data)
        for i in range(self.n_encoders):
            self.rule(i).after_step()

    def fold(self, reads: list[Scale], writes: list[Scale], **about) -> Dictionary:
        """The trained dictionary on raw activations: scales folded into the weights.

        Pre-activations keep their size, so thresholds (JumpReLU, BatchTopK) stay right.
        """
        encoders, decoders = [], []
        for i, (sources, targets) in enumerate(
            zip(self.layout.sources, self.layout.targets, strict=True)
        ):
            weight, bias, activation = self.rule(i).fold(
                self.encoders[i].detach(), self.encoder_biases[i].detach()
            )
            weight, bias = self.mesh.whole(weight), self.mesh.whole(bias)
            if activation.threshold is not None and activation.threshold.ndim:
                activation = replace(activation, threshold=self.mesh.whole(activation.threshold))
            size = torch.cat([reads[s].size.expand(self.d_in) for s in sources]).to(weight)
            mean = torch.cat([reads[s].mean for s in sources]).to(weight)
            weight = weight / size
            encoders.append(Encoder(weight.contiguous(), bias - weight @ mean, activation))
            sizes = torch.stack([writes[t].size for t in targets]).to(weight)
            decoder = self.mesh.whole(self.decoders[i].detach()).view(-1, len(targets), self.d_out)
            decoders.append(Decoder(decoder * sizes[:, None], targets))
        biases, skips = self._fold_outputs(reads, writes)
        return Dictionary(
            reads=self.layout.reads,
            writes=self.layout.writes,
            sources=self.layout.sources,
            encoders=tuple(encoders),
            decoders=tuple(decoders),
            biases=tuple(biases),
            skips=tuple(skips),
            **about,
        )

    def _fold_outputs(self, reads: list[Scale], writes: list[Scale]):
        biases, skips = [], []
        parts = self.decoder_bias.detach().view(len(writes), self.d_out)
        for j, write in enumerate(writes):
            bias = parts[j] * write.size.to(parts) + write.mean.to(parts)
            skip = None
            if len(self.skips):
                skip = self.skips[j].detach() * (write.size / reads[j].size).to(parts)
                bias = bias - reads[j].mean.to(parts) @ skip
            biases.append(bias)
            skips.append(skip)
        return biases, skips


def _transposed(decoder: Tensor, d_read: int, d_out: int) -> Tensor:
    """Encoders start as the decoders' transpose: whole where the widths agree, else what is
    written to the first site."""
    if decoder.shape[1] == d_read:
        return decoder.clone()
    first = decoder[:, :d_out]
    if d_out != d_read:
        # another width: nothing to be the transpose of
        first = torch.nn.functional.pad(first, (0, max(d_read - d_out, 0)))[:, :d_read]
    return nn.functional.normalize(first, dim=1)
