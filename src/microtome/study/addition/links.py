"""What graphs predict of a swap, against what the model does."""

from collections.abc import Callable

import torch
from jaxtyping import Bool
from torch import Tensor

from microtome.circuit import LogitDifference, trace
from microtome.circuit.graph import Graph
from microtome.circuit.verify.agreement import agreement
from microtome.circuit.verify.predict import predict
from microtome.specimen.adder import world
from microtome.study.addition.document import LinkRow
from microtome.study.addition.subject import MODES, Subject
from microtome.study.addition.swaps import Swapped

Progress = Callable[[int, int], object]


def swap_links(
    subject: Subject,
    swapped: Swapped,
    path: Bool[Tensor, " columns"],
    count: int,
    progress: Progress | None = None,
) -> list[LinkRow]:
    """Change of the logit of the account's answer over that of the sum: what the graph of each
    prompt predicts against what the model does.

    The path's features that are active in the prompt go to the other prompt's activations; those
    that only the other prompt has are in no graph of this one, and stay off in both.
    """
    then = subject.activations(swapped.others, "equation")
    done = min(count, len(swapped.pairs))
    predicted: list[float] = []
    measured: dict[str, list[float]] = {held: [] for held in MODES}
    for i in range(done):
        if progress is not None:
            progress(i, done)
        pair = swapped.pairs[i]
        new, old = swapped.expected(i)[0], int(pair.sum())
        tokens = [world.number_token(number) for number in (new, old)]
        prompt = world.prompt_tokens(pair[None], "equation")
        graph = trace(subject.model, prompt, subject.dictionary, LogitDifference(*tokens))
        nodes, columns = _in_graph(subject, graph, path)
        predicted.append(_predicted(graph, nodes, then[i, columns]))
        baseline = subject.hold(pair, "equation")
        changed = torch.zeros(2, len(path), dtype=torch.bool)
        changed[1, columns] = True
        for held in MODES:
            logits = subject.logits(baseline, changed, then[i].expand(2, -1), held)[:, tokens]
            difference = logits[:, 0] - logits[:, 1]
            measured[held].append(float(difference[1] - difference[0]))
    return [
        _row(swapped, held, predicted, found)
        for held, found in zip(MODES, measured.values(), strict=True)
    ]


def _row(swapped: Swapped, held, predicted: list[float], measured: list[float]) -> LinkRow:
    agreed = agreement(predicted, measured, list(range(len(measured))))
    return LinkRow(
        swap=swapped.swap,
        attention=held,
        slope=agreed.slope,
        slope_interval=agreed.slope_interval,
        r2=agreed.r2,
        n=agreed.n,
    )


def _in_graph(subject: Subject, graph: Graph, path: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes of the path's features at the answer's position, and their columns."""
    nodes, last = graph.nodes, len(graph.prompt.tokens) - 1
    here = nodes.where("feature")
    here = here[nodes.position[here] == last]
    columns = subject.column(nodes.layer[here], nodes.feature[here])
    return here[path[columns]], columns[path[columns]]


def _predicted(graph: Graph, nodes: Tensor, values: Tensor) -> float:
    """Change of the graph's target when features go to other activations."""
    place = {node: i for i, node in enumerate(graph.columns.tolist())}
    change = torch.zeros(1, len(graph.columns), dtype=torch.float64)
    share = values.double() / graph.nodes.activation[nodes].double() - 1
    change[0, [place[node] for node in nodes.tolist()]] = share
    return float(predict(graph, change)[0, 0])
