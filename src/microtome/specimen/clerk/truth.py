"""The clerk's truth as an artifact: its world's tables, its questions, and labelled texts."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from microtome.specimen.clerk.behaviours import answers, behaviour, expected
from microtome.specimen.clerk.labels import Known, known_variables
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Item
from microtome.specimen.clerk.world.world import World
from microtome.specimen.special_tokens import PAD
from microtome.specimen.truth import Behaviour, Truth, Variable, save_truth
from microtome.specimen.truth import Item as TruthItem

TEXTS = 4000
"""Labelled texts, half of them conversations, freshly drawn; short ones occur in training too."""
_LONGEST = 48
"""Tokens of a labelled text; longer ones are cut."""


def clerk_truth(world: World | None = None, texts: int = TEXTS) -> tuple[Truth, dict[str, Tensor]]:
    """What is known of the clerk: variables with labels on sample texts, behaviours, tables."""
    world = world or World()
    known = known_variables(world)
    rows = _sample(world, texts)
    tensors = {"tokens": _tokens(world, rows)}
    tensors |= {f"labels/{v.name}": _labels(v, rows, tensors["tokens"]) for v in known}
    truth = Truth(
        specimen="clerk",
        kind="world",
        about="an assistant trained on texts about a generated world",
        variables=[
            Variable(
                name=v.name,
                site="tokens",
                values=list(v.values),
                labels=f"labels/{v.name}",
                about=v.about,
            )
            for v in known
        ],
        behaviours=_behaviours(world),
        tables=dict(world.truth()),
    )
    return truth, tensors


def save_clerk_truth(folder: Path, world: World | None = None, force: bool = False) -> None:
    """Write the clerk's truth, of the usual world where none is given.

    Raises:
        MicrotomeError: the folder exists (without `force`), or cannot be written.
    """
    world = world or World()
    truth, tensors = clerk_truth(world)
    save_truth(truth, tensors, folder, config={"world": asdict(world.options)}, force=force)


def _sample(world: World, texts: int) -> list[list[str]]:
    draw = Draw("labelled texts")
    found = []
    for i in range(texts):
        if i % 2:
            turn = world.conversation(draw)
            text = f"{turn.prompt} {turn.answer}"
        else:
            text = world.document(draw).text
        found.append(["<s>", *text.split()][:_LONGEST])
    return found


def _tokens(world: World, rows: list[list[str]]) -> Tensor:
    ids = {token: i for i, token in enumerate(world.vocabulary())}
    tokens = torch.full((len(rows), _LONGEST), ids[PAD], dtype=torch.int32)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor([ids[word] for word in row])
    return tokens


def _labels(variable: Known, rows: list[list[str]], tokens: Tensor) -> Tensor:
    labels = torch.full(tokens.shape, -1, dtype=torch.int16)
    for i, row in enumerate(rows):
        for position, value in variable.find(row).items():
            labels[i, position] = value
    return labels


def _behaviours(world: World) -> list[Behaviour]:
    by_name: dict[str, list[Item]] = {}
    for item in world.items():
        by_name.setdefault(item.behaviour, []).append(item)
    return [
        Behaviour(
            name=name,
            about=behaviour(name).about,
            expected=_expected(name, items[0]),
            items=[_item(item) for item in items],
        )
        for name, items in by_name.items()
    ]


def _expected(name: str, item: Item) -> dict[str, str]:
    stages = [s for s in STAGES.values() if item.stage == "base" or answers(s)]
    return {stage.name: expected(stage, name) for stage in stages}


def _item(item: Item) -> TruthItem:
    return TruthItem(
        prompt=item.prompt, accepted=list(item.accepted), held_out=item.held_out, match=item.match
    )
