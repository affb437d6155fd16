"""From a model, a prompt and a dictionary to an attribution graph."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.circuit.attribute import Attribution, Progress, attribute
from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.circuit.replacement import LocalReplacement, build_replacement
from microtome.circuit.targets import (
    Target,
    TargetNode,
    TargetRows,
    TokenTarget,
    differences,
    resolve_targets,
)
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import of_other_weights
from microtome.model import LanguageModel

DEFAULT_MEMORY_GB = 2.0


@torch.no_grad()
def trace(
    model: LanguageModel,
    prompt: str | Int[Tensor, "batch position"],
    dictionary: Dictionary,
    targets: Target | str | int | Sequence[Target | str | int] = (),
    max_features: int | None = None,
    memory_gb: float = DEFAULT_MEMORY_GB,
    skip_positions: tuple[int, ...] = (0,),
    progress: Progress | None = None,
) -> Graph:
    """Trace one answer: the attribution graph of a prompt (Ameisen et al. 2025, "Circuit
    Tracing").

    Args:
        model: the model.
        prompt: text, or token ids [1, position].
        dictionary: a PLT or CLT for the model's MLPs.
        targets: what to explain; a text or a token id means that token. By default the likely
            next tokens (95% of the probability, at most 10).
        max_features: expand at most so many active features, most influential first; what the
            rest contributes is kept in one `unexpanded` node.
        memory_gb: memory for gradients under way and decoder vectors; the edges come on top.
        skip_positions: positions without features and errors, by default the attention sink.
        progress: called with rows done and rows to do.

    Raises:
        MicrotomeError: prompt, targets and dictionary do not fit the model, or activations are
            not finite.
    """
    if max_features is not None and max_features < 0:
        raise MicrotomeError(f"max_features is {max_features}; expected 0 or more")
    if not 0 < memory_gb < 1e6:
        raise MicrotomeError(f"memory_gb is {memory_gb}; expected more than 0, in gigabytes")
    tokens = model.tokenize(prompt) if isinstance(prompt, str) else model.check_tokens(prompt)
    if len(tokens) != 1:
        raise MicrotomeError(
            f"a graph is of one prompt, not of {len(tokens)}; trace each by itself"
        )
    replacement = build_replacement(model, dictionary, tokens, skip_positions)
    wanted = _target_list(targets)
    nodes, rows = resolve_targets(model, replacement, wanted)
    weights = rows.vector.new_tensor([node.weight for node in nodes])
    attribution = attribute(
        replacement,
        rows,
        weights,
        _active_columns(replacement, nodes),
        max_features,
        int(memory_gb * 2**30),
        progress,
    )
    text = prompt if isinstance(prompt, str) else ""
    graph = _graph(model, replacement, text, nodes, weights, attribution)
    graph = graph.with_info(**_provenance(model, dictionary, replacement, attribution, rows))
    tokens_of = differences(model, wanted)
    return graph.with_info(differences=tokens_of) if tokens_of else graph


def _target_list(targets: "Target | str | int | Sequence[Target | str | int]") -> list[Target]:
    if isinstance(targets, str | int):
        return [TokenTarget(targets)]
    if not isinstance(targets, Sequence):
        return [targets]
    return [TokenTarget(t) if isinstance(t, str | int) else t for t in targets]


def _active_columns(replacement: LocalReplacement, nodes: list[TargetNode]) -> Tensor:
    """For targets that are active features, their number among them; -1 for others."""
    active = replacement.active_features()
    columns = []
    for node in nodes:
        at = torch.zeros(0)
        if node.kind == "feature":
            same = (active.layer == node.layer) & (active.feature == node.feature)
            at = (same & (active.position == node.position)).nonzero()[:, 0]
        columns.append(int(at[0]) if len(at) else -1)
    return torch.tensor(columns, device=active.layer.device)


def _graph(
    model: LanguageModel,
    replacement: LocalReplacement,
    text: str,
    targets: list[TargetNode],
    weights: Tensor,
    attribution: Attribution,
) -> Graph:
    """Lay out nodes: expanded features, errors, tokens, bias, unexpanded, targets."""
    strings = tuple(model.token_string(int(t)) for t in replacement.tokens)
    sources = _source_nodes(replacement, strings, attribution)
    # targets that are active features are nodes already
    row_columns = attribution.row_columns.cpu()
    fresh = [i for i in range(len(targets)) if row_columns[i] < 0]
    nodes = _join(sources, _target_nodes([targets[i] for i in fresh]))
    numbers = torch.full((len(targets),), -1)
    numbers[fresh] = len(sources) + torch.arange(len(fresh))
    numbers = torch.where(numbers < 0, row_columns[: len(targets)], numbers)
    row_nodes = torch.cat([numbers, row_columns[len(targets) :]])
    start = torch.zeros(len(row_nodes), dtype=weights.dtype)
    start[: len(targets)] = weights.cpu()
    edges = attribution.edges
    if attribution.is_capped:
        edges = torch.cat([edges, attribution.unexpanded[:, None]], 1)
    return Graph(
        prompt=Prompt(text or "".join(strings), tuple(replacement.tokens.tolist()), strings),
        nodes=nodes,
        rows=row_nodes,
        columns=torch.arange(len(sources)),
        edges=edges.cpu(),
        weights=start,
        unexpanded_mass=attribution.unexpanded_mass.cpu(),
        value=attribution.value.cpu(),
        residual=attribution.residual.cpu(),
        n_layers=replacement.n_layers,
    )


def _source_nodes(
    replacement: LocalReplacement, strings: tuple[str, ...], attribution: Attribution
) -> Nodes:
    features, layers, n = attribution.features, replacement.n_layers, replacement.n_positions
    k, where = len(features), torch.arange(n)
    rest = ["bias", "unexpanded"] if attribution.is_capped else ["bias"]
    kinds = ["feature"] * k + ["error"] * (layers * n) + ["token"] * n + rest
    minus = torch.full((len(rest),), -1)
    no_features = torch.full((layers * n,), -1)
    layer = [features.layer.cpu(), torch.arange(layers).repeat_interleave(n), 0 * where - 1, minus]
    position = [features.position.cpu(), where.repeat(layers), where, minus]
    feature = [features.feature.cpu(), no_features, replacement.tokens.cpu(), minus]
    nan = torch.full((len(kinds),), float("nan"), dtype=attribution.edges.dtype)
    return Nodes(
        kind=tuple(kinds),
        layer=torch.cat(layer),
        position=torch.cat(position),
        feature=torch.cat(feature),
        activation=torch.cat([features.activation.cpu(), nan[k:]]),
        probability=nan,
        label=("",) * (k + layers * n) + strings + ("",) * len(rest),
    )


def _target_nodes(targets: list[TargetNode]) -> Nodes:
    def column(name: str) -> Tensor:
        return torch.tensor([getattr(t, name) for t in targets])

    return Nodes(
        kind=tuple(t.kind for t in targets),
        layer=column("layer").long(),
        position=column("position").long(),
        feature=column("feature").long(),
        activation=torch.tensor([t.activation for t in targets], dtype=torch.float64),
        probability=torch.tensor([t.probability for t in targets], dtype=torch.float64),
        label=tuple(t.label for t in targets),
    )


def _join(a: Nodes, b: Nodes) -> Nodes:
    return Nodes(
        a.kind + b.kind,
        torch.cat([a.layer, b.layer]),
        torch.cat([a.position, b.position]),
        torch.cat([a.feature, b.feature]),
        torch.cat([a.activation, b.activation.to(a.activation.dtype)]),
        torch.cat([a.probability, b.probability.to(a.probability.dtype)]),
        a.label + b.label,
    )


def _warnings(
    model: LanguageModel, dictionary: Dictionary, replacement: LocalReplacement
) -> list[str]:
    """What a reader should know before believing the graph."""
    found = []
    if of_other_weights(model, dictionary):
        found.append("the dictionary was trained on a model with other weights")
    if replacement.fvu > 1:
        found.append("the dictionary explains MLP outputs worse than their mean does")
    return found


def _provenance(
    model: LanguageModel,
    dictionary: Dictionary,
    replacement: LocalReplacement,
    attribution: Attribution,
    rows: TargetRows,
) -> dict:
    return {
        "model": model.name,
        "model_fingerprint": model.fingerprint,
        "dictionary": dictionary.name,
        "dictionary_fingerprint": dictionary.fingerprint,
        "dictionary_kind": dictionary.kind,
        "dtype": str(attribution.edges.dtype).removeprefix("torch."),
        "skip_positions": list(replacement.skip_positions),
        "fvu": None if math.isnan(replacement.fvu) else replacement.fvu,
        "warnings": _warnings(model, dictionary, replacement),
        "active_features": attribution.n_active,
        "expanded_features": len(attribution.features),
    }
