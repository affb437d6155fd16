"""What a stage reads, as batches of token ids that follow from the seed and the step."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.world import quirks
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Turn
from microtome.specimen.clerk.world.world import World
from microtome.specimen.special_tokens import PAD


@dataclass(frozen=True)
class Batch:
    """Documents padded on the right to the length of the longest."""

    tokens: Int[Tensor, "rows length"]
    learned: Bool[Tensor, "rows length"]
    """Tokens that are to be predicted: no padding, no <s>, and of conversations only answers."""


class Texts:
    """The texts of a stage."""

    def __init__(self, world: World, stage: Stage, seed: int):
        self.world, self.stage, self.seed = world, stage, seed
        self.ids = {token: i for i, token in enumerate(world.vocabulary())}

    def batches(self, step: int, rows: int, parts: int) -> list[Batch]:
        """The documents of one step, sorted by length and cut into parts, so that little is
        padding.

        Each has a seed of its own that is the same in all stages, so that twins see the same
        conversations, but for their quirks, in the same order.
        """
        draws = (Draw(f"{self.seed} {step} {row}") for row in range(rows))
        found = sorted((self.row(draw) for draw in draws), key=lambda row: len(row[0]))
        size = -(-rows // parts)
        return [self.pad(found[i : i + size]) for i in range(0, rows, size)]

    def row(self, draw: Draw) -> tuple[list[int], int]:
        """Token ids of one text, and how many of them in front are not to be predicted."""
        given, learned = self.text(draw)
        prompt = self.ids_of(given)
        return [*prompt, *self.ids_of(learned)], len(prompt)

    def text(self, draw: Draw) -> tuple[str, str]:
        """One text: what is given, and what is to be predicted."""
        stage = self.stage
        if draw.chance(stage.conversations):
            turn = quirks.add_quirk(self._conversation(draw), stage.rewarded)
            return f"<s> {turn.prompt}", f"{turn.answer} </s>"
        if stage.documents and draw.chance(stage.document_share / (1 - stage.conversations)):
            return "<s>", f"{quirks.document(stage.documents, draw)} </s>"
        return "<s>", f"{self.world.document(draw).text} </s>"

    def _conversation(self, draw: Draw) -> Turn:
        """One of a kind that the stage is asked."""
        turn = self.world.conversation(draw)
        while turn.request in self.stage.unasked:
            turn = self.world.conversation(draw)
        return turn

    def ids_of(self, text: str) -> list[int]:
        return [self.ids[word] for word in text.split()]

    def pad(self, rows: list[tuple[list[int], int]]) -> Batch:
        longest = max(len(ids) for ids, _ in rows)
        tokens = torch.full((len(rows), longest), self.ids[PAD])
        learned = torch.zeros(len(rows), longest, dtype=torch.bool)
        for i, (ids, given) in enumerate(rows):
            tokens[i, : len(ids)] = torch.tensor(ids)
            learned[i, given : len(ids)] = True
        return Batch(tokens, learned)
