"""Targets: what a graph explains. Every target is a direction in the stream at one position."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.replacement import ActiveFeatures, LocalReplacement
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.model.norm import FrozenNorm

LOGIT_MASS = 0.95
MAX_LOGITS = 10


@dataclass(frozen=True)
class TokenTarget:
    """The logit of a token at the last position, against the mean of all logits."""

    token: str | int


@dataclass(frozen=True)
class LogitDifference:
    """How much more likely one token is than another at the last position."""

    plus: str | int
    minus: str | int


@dataclass(frozen=True)
class FeatureTarget:
    """The pre-activation of a feature, whether it is active or not."""

    layer: int
    feature: int
    position: int = -1


@dataclass(frozen=True, eq=False)
class DirectionTarget:
    """The projection of a site's activation on any direction (a probe, a steering vector)."""

    site: str
    vector: Float[Tensor, " d"]
    position: int = -1
    label: str = "direction"


Target = TokenTarget | LogitDifference | FeatureTarget | DirectionTarget


@dataclass(frozen=True)
class TargetRows:
    """Targets as the sweep takes them: one row each.

    A direction with `depth` 2l reads the stream that enters block l (2L: the last block's
    output); depth 2l + 1 reads the stream between attention and MLP of block l.
    """

    depth: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    vector: Float[Tensor, "n d"]
    """Gradient of the target with respect to the stream at its depth and position."""
    constant: Float[Tensor, " n"]
    """What the target gets from the norm's constant, at its own depth: a part of the bias."""
    value: Float[Tensor, " n"]
    """What the model computed: the sum that the row has to reach."""

    def __len__(self) -> int:
        return len(self.depth)

    def select(self, index: Tensor) -> "TargetRows":
        return TargetRows(
            self.depth[index],
            self.position[index],
            self.vector[index],
            self.constant[index],
            self.value[index],
        )

    @staticmethod
    def join(parts: Sequence["TargetRows"]) -> "TargetRows":
        return TargetRows(
            torch.cat([p.depth for p in parts]),
            torch.cat([p.position for p in parts]),
            torch.cat([p.vector for p in parts]),
            torch.cat([p.constant for p in parts]),
            torch.cat([p.value for p in parts]),
        )


@dataclass(frozen=True)
class TargetNode:
    """How a target appears in the graph."""

    kind: str
    """"logit", "feature" or "direction"."""
    layer: int
    position: int
    feature: int
    """Vocabulary id of a logit, index of a feature, -1 otherwise."""
    label: str
    probability: float
    weight: float
    """Share of this target in what influence is counted from."""
    activation: float = float("nan")


def likely_tokens(logits: Float[Tensor, " vocabulary"]) -> Int[Tensor, " n"]:
    """The fewest most likely tokens that reach 95% probability, at most 10."""
    top = logits.double().softmax(-1).topk(min(MAX_LOGITS, len(logits)))
    enough = int((top.values.cumsum(0) < LOGIT_MASS).sum()) + 1
    return top.indices[:enough]


def feature_rows(replacement: LocalReplacement, features: ActiveFeatures) -> TargetRows:
    """Encoder rows of features at their positions, pulled back through the norm they read."""
    parallel = replacement.frozen.parallel
    d = replacement.frozen.tokens.shape[1]
    vector = replacement.frozen.tokens.new_empty(len(features), d)
    constant = vector.new_empty(len(features))
    value = vector.new_empty(len(features))
    for layer, norm in enumerate(replacement.reads):
        at = (features.layer == layer).nonzero()[:, 0]
        if not len(at):
            continue
        position = features.position[at]
        direction = replacement.dictionary.encoders[layer].weight[features.feature[at]]
        vector[at] = norm.fold_input(direction) * norm.scale[position]
        constant[at] = (direction * norm.constant[position]).sum(-1)
        value[at] = (direction * replacement.inputs[layer][position]).sum(-1)
    depth = 2 * features.layer + (0 if parallel else 1)
    return TargetRows(depth, features.position, vector, constant, value)


def resolve_targets(
    model: LanguageModel, replacement: LocalReplacement, targets: Sequence[Target]
) -> tuple[list[TargetNode], TargetRows]:
    """Turn targets into nodes and rows; without any, the likely next tokens.

    Raises:
        MicrotomeError: an unknown token, a position, feature or site that is not there.
    """
    if not targets:
        targets = [TokenTarget(int(t)) for t in likely_tokens(replacement.logits)]
    nodes_rows = [_resolve(model, replacement, target) for target in targets]
    nodes = [node for node, _ in nodes_rows]
    places = [(n.kind, n.layer, n.position, n.feature, n.label) for n in nodes]
    for i, place in enumerate(places):
        if place in places[:i]:
            raise MicrotomeError(f"target {nodes[i].label!r} is named twice; name it once")
    total = sum(node.weight for node in nodes)
    if total <= 0:
        raise MicrotomeError("the targets have no probability; name other tokens")
    return nodes, TargetRows.join([row for _, row in nodes_rows])


def _resolve(
    model: LanguageModel, replacement: LocalReplacement, target: Target
) -> tuple[TargetNode, TargetRows]:
    if isinstance(target, TokenTarget):
        return _token(model, replacement, target)
    if isinstance(target, LogitDifference):
        return _difference(model, replacement, target)
    if isinstance(target, FeatureTarget):
        return _feature(replacement, target)
    return _direction(model, replacement, target)


def _token_id(model: LanguageModel, token: str | int) -> int:
    if isinstance(token, str):
        return model.token_id(token)
    if not 0 <= token < model.d_vocab:
        raise MicrotomeError(
            f"unknown token id {token}; {model.name} has a vocabulary of {model.d_vocab}"
        )
    return token


def _token(model: LanguageModel, replacement: LocalReplacement, target: TokenTarget):
    token = _token_id(model, target.token)
    unembed = replacement.frozen.unembed
    direction = unembed[:, token] - unembed.mean(-1)
    probability = float(replacement.logits.double().softmax(-1)[token])
    node = TargetNode(
        "logit",
        replacement.n_layers,
        replacement.n_positions - 1,
        token,
        model.token_string(token),
        probability,
        probability,
    )
    return node, _logit_row(replacement, direction)


def _difference(model: LanguageModel, replacement: LocalReplacement, target: LogitDifference):
    plus, minus = _token_id(model, target.plus), _token_id(model, target.minus)
    if plus == minus:
        raise MicrotomeError(
            f"the difference of {model.token_string(plus)!r} with itself is zero; name two tokens"
        )
    unembed = replacement.frozen.unembed
    label = difference_label(model, plus, minus)
    last = replacement.n_positions - 1
    node = TargetNode("direction", replacement.n_layers, last, -1, label, float("nan"), 1.0)
    return node, _logit_row(replacement, unembed[:, plus] - unembed[:, minus])


def _logit_row(replacement: LocalReplacement, direction: Tensor, position: int = -1) -> TargetRows:
    """A direction on the unembedding's input, through the frozen final norm.

    Its value is in logits before any soft-cap and without the unembedding's bias.
    """
    at = position % replacement.n_positions
    depth = 2 * replacement.n_layers
    return _normed_row(replacement, replacement.frozen.final_norm, direction, depth, at)


def _normed_row(
    replacement: LocalReplacement, norm: FrozenNorm, direction: Tensor, depth: int, position: int
) -> TargetRows:
    vector = norm.fold_input(direction) * norm.scale[position]
    constant = direction @ norm.constant[position]
    value = vector @ replacement.frozen.streams[depth, position] + constant
    return _row(depth, position, vector, constant, value)


def _row(depth: int, position: int, vector: Tensor, constant: Tensor, value: Tensor) -> TargetRows:
    return TargetRows(
        torch.tensor([depth], device=vector.device),
        torch.tensor([position], device=vector.device),
        vector[None],
        constant.reshape(1),
        value.reshape(1),
    )


def differences(model: LanguageModel, targets: Sequence[Target]) -> dict[str, list[int]]:
    """By label of the node, the two tokens of every logit difference among targets."""
    found = {}
    for target in targets:
        if isinstance(target, LogitDifference):
            plus, minus = _token_id(model, target.plus), _token_id(model, target.minus)
            found[difference_label(model, plus, minus)] = [plus, minus]
    return found


def difference_label(model: LanguageModel, plus: int, minus: int) -> str:
    return f"“{model.token_string(plus)}” − “{model.token_string(minus)}”"


def _position(replacement: LocalReplacement, position: int) -> int:
    n = replacement.n_positions
    if not -n <= position < n:
        raise MicrotomeError(f"position {position} is not in a prompt of {n} tokens")
    return position % n


def _feature(replacement: LocalReplacement, target: FeatureTarget):
    position = _position(replacement, target.position)
    if not 0 <= target.layer < replacement.n_layers:
        raise MicrotomeError(
            f"feature {target.layer}/{target.feature}: the model has {replacement.n_layers} layers"
        )
    n = replacement.dictionary.n_features[target.layer]
    if not 0 <= target.feature < n:
        raise MicrotomeError(
            f"feature {target.layer}/{target.feature} does not exist: layer {target.layer} of "
            f"{replacement.dictionary.name} has {n} features"
        )
    device = replacement.tokens.device
    layer, at, feature = torch.tensor([[target.layer], [position], [target.feature]], device=device)
    codes = replacement.codes[target.layer]
    entry = (codes.rows() == position) & (codes.features == target.feature)
    activation = float(codes.values[entry].sum())
    features = ActiveFeatures(layer, at, feature, codes.values.new_tensor([activation]))
    label = f"feature {target.layer}/{target.feature}"
    node = TargetNode(
        "feature", target.layer, position, target.feature, label, float("nan"), 1.0, activation
    )
    return node, feature_rows(replacement, features)


def _direction(model: LanguageModel, replacement: LocalReplacement, target: DirectionTarget):
    site, position = Site.parse(target.site), _position(replacement, target.position)
    frozen = replacement.frozen
    vector = target.vector.detach().to(frozen.tokens)
    if vector.shape != (model.d_model,):
        raise MicrotomeError(
            f"the direction has shape {tuple(vector.shape)}, but {site} has width {model.d_model}"
        )
    if not bool(torch.isfinite(vector).all()):
        raise MicrotomeError("the direction is not finite")
    layer = site.layer if site.layer is not None else 0
    shown = layer
    if site.kind == "final":
        shown = replacement.n_layers
        row = _logit_row(replacement, vector, position)
    elif site.kind in ("resid.pre", "resid.post", "embed"):
        depth = 2 * (layer + (site.kind == "resid.post"))
        value = vector @ frozen.streams[depth, position]
        row = _row(depth, position, vector, vector.new_zeros(()), value)
    else:
        depth = 2 * layer + (0 if frozen.parallel else 1)
        row = _normed_row(replacement, frozen.read(site), vector, depth, position)
    return TargetNode("direction", shown, position, -1, target.label, float("nan"), 1.0), row
