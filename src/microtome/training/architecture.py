"""Architectures: which entries of the pre-activations take part, and what becomes of them.

One object per encoder. `entries` picks (index, value) pairs from dense pre-activations, outside
autograd; `activate` is differentiable and sees only those pairs.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from microtome.dictionary import Activation, Codes
from microtome.dictionary.kernels import Kernels
from microtome.training.mesh import Mesh
from microtome.training.recipe import DictionaryRecipe
from microtome.training.selection import batch_top_k, top_k
from microtome.training.straight_through import jumprelu, step

_EMA = 0.01
"""Weight of one batch in the running threshold."""


@dataclass(frozen=True)
class Active:
    """What an encoder passes on to its decoder."""

    codes: Codes
    """The entries; their values are pre-activations."""
    values: Float[Tensor, " active"]
    """What is decoded, differentiable; 0 for entries that only carry a threshold's gradient."""
    penalty: Float[Tensor, ""]
    """Sparsity penalty, per token, before its coefficient."""
    gate: Float[Tensor, " active"] | None = None
    """Gated: the gate's own activations, which must reconstruct too."""


class Rule(nn.Module):
    """ReLU with an L1 penalty (Bricken et al. 2023). Decoders have norm 1, so the penalty is on
    activation x decoder norm (Conerly et al. 2024); there is no bias before the encoder, as
    inputs are centred."""

    betas = (0.9, 0.999)

    def __init__(self, recipe: DictionaryRecipe, features: int, kernels: Kernels, mesh: Mesh):
        super().__init__()
        self.recipe, self.kernels, self.mesh = recipe, kernels, mesh
        self.features = features

    def start(self, pre: Float[Tensor, "rows features"], bias: nn.Parameter) -> None:
        """Set what depends on the first batch: biases that let `initial_l0` features be active."""
        bias.data -= self._quantile(pre)

    def _quantile(self, pre: Float[Tensor, "rows features"]) -> Float[Tensor, " features"]:
        """Per feature, the value that the wanted share of tokens exceeds."""
        share = min(self.recipe.initial_l0 / self.recipe.features, 0.5)
        # quantiles of at most 4,096 rows: the sort is the cost, and a start need not be exact
        return pre[:4096].quantile(1 - share, dim=0)

    def entries(self, pre: Float[Tensor, "rows features"]) -> Codes:
        return self.kernels.above(pre, 0.0)

    def activate(
        self, codes: Codes, pre: Float[Tensor, " active"], bias: Float[Tensor, " features"]
    ) -> Active:
        return Active(codes, pre, pre.sum() / codes.n_rows)

    def after_step(self) -> None:
        """Keep parameters in their range."""

    def fold(
        self, weight: Float[Tensor, "features d_read"], bias: Float[Tensor, " features"]
    ) -> tuple[Tensor, Tensor, Activation]:
        """Encoder weight, bias and activation function of the finished dictionary."""
        return weight, bias, Activation("relu")


class TopK(Rule):
    """The k largest of every token (Gao et al. 2024)."""

    def start(self, pre, bias) -> None:
        """Nothing depends on the first batch."""

    def entries(self, pre: Float[Tensor, "rows features"]) -> Codes:
        return top_k(pre, self.recipe.k, self.kernels, self.mesh)

    def activate(self, codes, pre, bias) -> Active:
        return Active(codes, pre, pre.new_zeros(()))

    def fold(self, weight, bias):
        return weight, bias, Activation("topk", k=self.recipe.k)


class BatchTopK(TopK):
    """The k x batch largest of the whole batch (Bussmann et al. 2024); at inference one threshold,
    the running mean of the smallest kept value. Matryoshka (Bussmann et al. 2025) is the same
    with a loss for every prefix of the features."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.register_buffer("smallest", torch.zeros(()))
        self.smallest: Tensor

    def start(self, pre, bias) -> None:
        self.smallest.zero_()

    def entries(self, pre: Float[Tensor, "rows features"]) -> Codes:
        limit = float(self.smallest)
        codes, smallest = batch_top_k(pre, self.recipe.k, limit, self.kernels, self.mesh)
        if self.training:
            first = limit == 0
            self.smallest.lerp_(smallest.to(self.smallest), 1.0 if first else _EMA)
        return codes

    def fold(self, weight, bias):
        threshold = self.smallest.detach().clone()
        return weight, bias, Activation("batchtopk", k=self.recipe.k, threshold=threshold)


class JumpReLU(Rule):
    """A threshold per feature, learned through straight-through estimators (Rajamanoharan et al.
    2024); thresholds are raw numbers, because under Adam the logarithm of one barely moves."""

    betas = (0.0, 0.999)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.threshold = nn.Parameter(torch.zeros(self.features))

    def start(self, pre, bias) -> None:
        self.threshold.data.copy_(self._quantile(pre).clamp(min=self.recipe.bandwidth / 2))

    def entries(self, pre):
        # entries under the threshold but inside the window carry its gradient
        return self.kernels.above(pre, self.threshold.detach() - self.recipe.bandwidth / 2)

    def activate(self, codes, pre, bias) -> Active:
        threshold = self.threshold.index_select(0, codes.features)
        values = jumprelu(pre, threshold, self.recipe.bandwidth)
        return Active(codes, values, self._penalty(codes, pre, threshold, values))

    def _penalty(self, codes: Codes, pre: Tensor, threshold: Tensor, values: Tensor) -> Tensor:
        recipe = self.recipe
        if recipe.penalty == "tanh":
            return (recipe.tanh_scale * values).tanh().sum() / codes.n_rows
        l0 = step(pre, threshold, recipe.bandwidth).sum() / codes.n_rows
        if recipe.penalty == "l0":
            return l0
        # (L0 / target - 1)^2 of the L0 over all processes, with the gradient of this one's part
        whole = self.mesh.mean_data(sum(self.mesh.gather_features(l0.detach()), l0.new_zeros(())))
        excess = whole / recipe.target_l0 - 1
        return excess**2 + 2 * excess / recipe.target_l0 * (l0 - l0.detach())

    def after_step(self) -> None:
        self.threshold.data.clamp_(min=0)

    def fold(self, weight, bias):
        return weight, bias, Activation("jumprelu", threshold=self.threshold.detach().clone())


class Gated(Rule):
    """A gate decides which features are active, a rescaled copy of it how strongly
    (Rajamanoharan et al. 2024, "Improving Dictionary Learning with Gated Sparse Autoencoders").

    The encoder's weight and bias are the gate's. A finished gated dictionary is a JumpReLU one:
    the gate opens where the magnitude passes exp(r) x (-gate bias) + magnitude bias.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.log_scale = nn.Parameter(torch.zeros(self.features))
        self.magnitude_bias = nn.Parameter(torch.zeros(self.features))

    def activate(self, codes, pre, bias) -> Active:
        def at(parameter: Tensor) -> Tensor:
            return parameter.index_select(0, codes.features)

        magnitude = at(self.log_scale).exp() * (pre - at(bias)) + at(self.magnitude_bias)
        return Active(codes, magnitude.relu(), pre.sum() / codes.n_rows, gate=pre)

    def fold(self, weight, bias):
        scale = self.log_scale.detach().exp()
        magnitude = self.magnitude_bias.detach()
        threshold = magnitude - scale * bias
        return scale[:, None] * weight, magnitude, Activation("jumprelu", threshold=threshold)


RULES: dict[str, type[Rule]] = {
    "relu": Rule,
    "gated": Gated,
    "jumprelu": JumpReLU,
    "topk": TopK,
    "batchtopk": BatchTopK,
    "matryoshka": BatchTopK,
}
