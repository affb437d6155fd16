"""Whether supernodes act as one in the model: ablated at once against member by member."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.supernode.grouping import Group, Grouping
from microtome.circuit.supernode.likeness import encoder_of, encoders_by_layer
from microtome.errors import MicrotomeError
from microtome.intervention import Baseline, Features, Intervention, Mode, intervene


@dataclass(frozen=True)
class Agreement:
    """Changes of the answers' logits, less the mean over the vocabulary, under ablation."""

    groups: tuple[Group, ...]
    """Supernodes of more than one feature."""
    at_once: Float[Tensor, "groups answers"]
    """All features of a group ablated."""
    one_by_one: Float[Tensor, "groups answers"]
    """The sum over its features, each ablated alone."""

    @property
    def value(self) -> float:
        """1 - sum (at_once - one_by_one)² / sum at_once²: 1 where groups act as the sum of their
        members, 0 where sums are no better than nothing, below where they are worse. NaN without
        groups."""
        if not self.groups:
            return float("nan")
        left = (self.at_once - self.one_by_one).square().sum()
        return float(1 - left / self.at_once.square().sum())

    @property
    def slope(self) -> float:
        """Best b in at_once = b * one_by_one, without a constant: above 1 members stand in for each
        other, below 1 they need each other. NaN without groups."""
        if not self.groups:
            return float("nan")
        product = (self.at_once * self.one_by_one).sum()
        return float(product / self.one_by_one.square().sum())


def agreement(grouping: Grouping, baseline: Baseline, mode: Mode | None = None) -> Agreement:
    """Ablate every supernode at once, and its features one by one, on the real model.

    Args:
        grouping: of a graph whose answers are logits.
        baseline: the graph's prompt, model and dictionary, from `hold`.
        mode: what is held; nothing by default: attention and norms live.

    Raises:
        MicrotomeError: another prompt or dictionary than the graph's, or a graph without logits.
    """
    graph = grouping.pruned.graph
    dictionary, nodes = baseline.dictionary, graph.nodes
    if dictionary is None:
        raise MicrotomeError(
            "features are ablated through their dictionary; hold the prompt with it"
        )
    if tuple(baseline.tokens[0].tolist()) != graph.prompt.tokens:
        raise MicrotomeError("the prompt that was held is not the graph's; hold that one")
    answers = nodes.where("logit")
    if not len(answers):
        raise MicrotomeError("the graph explains no logits; trace the answer, not a feature")
    encoders, sizes = encoders_by_layer(dictionary), dictionary.n_features

    def ablation(members: Sequence[int]) -> tuple[Intervention, ...]:
        by_position: dict[int, list[tuple[int, int]]] = {}
        for i in members:
            layer, feature = int(nodes.layer[i]), int(nodes.feature[i])
            key = (encoder_of(encoders, layer, feature, sizes), feature)
            by_position.setdefault(int(nodes.position[i]), []).append(key)
        return tuple(
            Intervention(what=Features.of(*keys), how="ablate", positions=(position,))
            for position, keys in by_position.items()
        )

    inside = {
        group: [i for i in group.members if nodes.kind[i] == "feature"]
        for group in grouping.supernodes
    }
    inside = {group: members for group, members in inside.items() if len(members) > 1}
    batch = [(), *(ablation(members) for members in inside.values())]
    batch += [ablation([i]) for members in inside.values() for i in members]
    effects = _effects(baseline, batch, mode, nodes.position[answers], nodes.feature[answers])
    singles = effects[len(inside) :].split([len(members) for members in inside.values()])
    sums = torch.stack([one.sum(0) for one in singles]) if inside else effects[:0]
    return Agreement(tuple(inside), effects[: len(inside)], sums)


def _effects(
    baseline: Baseline, batch: list, mode: Mode | None, position: Tensor, token: Tensor
) -> Float[Tensor, "changes answers"]:
    """Change of centred logits by every change but the first, which is none."""
    found = []
    for start in range(0, len(batch), 64):
        logits = intervene(baseline, batch[start : start + 64], mode).logits.double().cpu()
        found.append((logits - logits.mean(-1, keepdim=True))[:, position, token])
    values = torch.cat(found)
    return values[1:] - values[:1]
