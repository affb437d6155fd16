"""The truth of a compiled model: its variables with sites and directions, and its circuit."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from microtome.specimen.compiled.check import output_tokens
from microtome.specimen.compiled.compile import Compiled
from microtome.specimen.compiled.inputs import Inputs
from microtome.specimen.compiled.interpret import run_program
from microtome.specimen.compiled.program import Aggregate, Map, Step, Width
from microtome.specimen.compiled.schedule import Place
from microtome.specimen.truth import Edge, Truth, Variable

TEXT, NEXT = "text", "next token"
"""Variables at the ends: what goes in and what comes out."""


def share_name(width: str) -> str:
    """The variable that a counting head writes: how its attention is shared."""
    return f"attention shared by {width}"


def ground_truth(compiled: Compiled, inputs: Inputs) -> tuple[Truth, dict[str, Tensor]]:
    """What is known of a compiled model.

    A variable is read at its site by the value whose direction v is nearest: x @ v - |v|^2 / 2 is
    largest. All but shares have directions of one length, for which x @ v is enough.

    Args:
        compiled: the model.
        inputs: texts whose labels the truth holds, computed by the interpreter.

    Returns:
        The truth, and its tensors: `tokens` [n, position], and of every variable
        `directions.NAME` [value, d_model] and `labels.NAME` [n, position].
    """
    program = compiled.program
    values = run_program(program, inputs.tokens)
    tensors = {"tokens": torch.tensor(inputs.tokens, dtype=torch.int32)}
    inside = np.arange(inputs.tokens.shape[1]) < inputs.lengths[:, None]

    def label(name: str, grid: Int[np.ndarray, "n position"]) -> str:
        kept = np.where(inside & values.clear[:, None], grid, -1)
        tensors[f"labels.{name}"] = torch.tensor(kept, dtype=torch.int16)
        return f"labels.{name}"

    def direct(name: str, vectors: Tensor) -> str:
        tensors[f"directions.{name}"] = vectors.float()
        return f"directions.{name}"

    words = list(program.vocabulary)
    variables = [
        Variable(name=TEXT, site="tokens", values=words, labels=label(TEXT, inputs.tokens))
    ]
    for name, place in compiled.schedule.places.items():
        step = program.step(name)
        if isinstance(step, Width):
            variables.append(
                Variable(
                    name=share_name(name),
                    site=f"blocks.{place.layer}.resid.mid",
                    values=[f"1/{count + 1}" for count in range(program.positions)],
                    directions=direct(share_name(name), compiled.share_directions(name)),
                    labels=label(share_name(name), values.counts[name]),
                    about="attention that is left for <s> where all selected positions share it",
                )
            )
        variables.append(
            Variable(
                name=name,
                site=place.site,
                values=list(program.values[name]),
                directions=direct(name, compiled.directions(name)),
                labels=label(name, values[name]),
                about=step.about if step else "",
            )
        )
    said = label(NEXT, output_tokens(program, values))
    variables.append(Variable(name=NEXT, site="logits", values=words, labels=said))
    truth = Truth(
        specimen=program.name,
        kind="compiled",
        about=program.about,
        variables=variables,
        edges=circuit(compiled),
    )
    return truth, tensors


def circuit(compiled: Compiled) -> list[Edge]:
    """Edges from every variable to those that are computed from it."""
    program = compiled.program
    edges = []
    if "token" in compiled.schedule.places:
        edges.append(Edge(source=TEXT, target="token", via="embedding"))
    for step in program.steps:
        edges += _edges_into(step, compiled)
    return [*edges, Edge(source=program.output, target=NEXT, via="unembedding")]


def _edges_into(step: Step, compiled: Compiled) -> list[Edge]:
    place = compiled.schedule.places[step.name]
    if isinstance(step, Map):
        return [
            Edge(source=name, target=step.name, via="mlp", layer=place.layer)
            for name in dict.fromkeys(step.inputs)
        ]
    if isinstance(step, Aggregate):
        return [
            _by_head(step.value, step.name, "attention", place),
            *_selecting(step, step.name, place),
        ]
    shared = share_name(step.name)
    return [
        # what the head shares out is what `start` says at <s>, and nothing anywhere else
        _by_head("start", shared, "attention", place),
        *_selecting(step, shared, place),
        Edge(source=shared, target=step.name, via="mlp", layer=place.layer),
    ]


def _selecting(step: Aggregate | Width, target: str, place: Place) -> list[Edge]:
    """From what decides where the head looks: every head knows <s>, its last resort, by `start`."""
    sources = dict.fromkeys((step.query, step.key, "start"))
    return [_by_head(name, target, "selection", place) for name in sources]


def _by_head(
    source: str, target: str, via: Literal["attention", "selection"], place: Place
) -> Edge:
    return Edge(source=source, target=target, via=via, layer=place.layer, head=place.head)
