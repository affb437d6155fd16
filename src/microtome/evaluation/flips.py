"""Inputs on which a layer matters: ablating it flips a right prediction; who restores it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from microtome.data.block import Block
from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.compare import LinearMap, Side, common_sites, counted_by_both
from microtome.evaluation.measure import OfDictionary
from microtome.evaluation.splice import splice_edits, target_mask
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide

_CONTEXT = 24
T = TypeVar("T")


@dataclass(frozen=True)
class Flip:
    """A token that the model predicts rightly, and no longer does when a site is zero-ablated."""

    site: str
    document: int
    position: int
    """Of the predicted token in its row."""
    text: str
    """What comes before it, shortened at the front."""
    answer: str
    ablated_answer: str
    """What the model says instead."""
    clean: float
    """Probability of the answer."""
    ablated: float
    spliced: tuple[float, float]
    """With each side in the site's place."""
    restored: tuple[bool, bool]
    """Whether the answer is the most likely token again."""


@dataclass(frozen=True)
class Flips:
    """All such tokens at one site."""

    names: tuple[str, str]
    site: str
    predictions: int
    right: int
    """Predictions that the clean model gets right."""
    flipped: int
    """Of those, how many are wrong with the site ablated."""
    restored: tuple[Figure, Figure]
    """Share of the flipped that each side puts right."""
    examples: tuple[Flip, ...]
    """Those with the largest loss of probability."""


@torch.no_grad()
def find_flips(
    model: LanguageModel,
    a: Side,
    b: Side,
    blocks: Iterable[Block],
    sites: Sequence[str] = (),
    examples: int = 10,
) -> list[Flips]:
    """Compare two dictionaries where the layer decides: ablating it flips a right answer.

    Args:
        model: that both were trained on.
        a: a dictionary, or a linear map.
        b: another.
        blocks: of held-out documents.
        sites: written sites; by default all that both write.
        examples: how many to keep of each site.

    Raises:
        MicrotomeError: no common site, or one that cannot be spliced.
    """
    shown = common_sites(a, b, sites)
    dtype = torch.float64 if model.dtype == torch.float64 else torch.float32
    makers = [
        side if isinstance(side, LinearMap) else OfDictionary(side.to(model.device, dtype))
        for side in (a, b)
    ]
    tallies = {site: _Tally(site, examples) for site in shown}
    for block in blocks:
        tokens = block.tokens.to(model.device)
        counts = counted_by_both(model, (a, b), tokens)
        targets = target_mask(counts, block.documents.to(tokens.device))
        run = model.run(tokens, [*a.reads, *b.reads, *shown])
        clean = wide(run.logits[:, :-1]).softmax(-1)
        right = targets & (clean.argmax(-1) == tokens[:, 1:])
        for site in shown:
            x = wide(run[site].flatten(2))
            ablated = _probabilities(model, tokens, site, torch.zeros_like(x), x, counts)
            flipped = right & (ablated.argmax(-1) != tokens[:, 1:])
            spliced = []
            for maker in makers:
                inputs = [wide(run[read].flatten(2))[counts] for read in maker.reads]
                full = x.clone()
                made = maker.reconstruct(inputs).outputs[maker.writes.index(site)]
                full[counts] = made.to(x.dtype)
                spliced.append(_probabilities(model, tokens, site, full, x, counts))
            tallies[site].add(model, block, targets, right, flipped, clean, ablated, spliced)
    return [tally.result((a.name, b.name)) for tally in tallies.values()]


def _probabilities(
    model: LanguageModel, tokens: Tensor, site: str, put: Tensor, clean: Tensor, counts: Tensor
) -> Tensor:
    edits = splice_edits(Site.parse(site), put, clean, counts)
    return wide(model.run(tokens, edit=edits).logits[:, :-1]).softmax(-1)


class _Tally:
    def __init__(self, site: str, keep: int):
        self.site, self.keep = str(Site.parse(site)), keep
        self.predictions = self.right = self.flipped = 0
        self.restored = [0, 0]
        self.examples: list[Flip] = []

    def add(
        self,
        model: LanguageModel,
        block: Block,
        targets: Tensor,
        right: Tensor,
        flipped: Tensor,
        clean: Tensor,
        ablated: Tensor,
        spliced: Sequence[Tensor],
    ) -> None:
        self.predictions += int(targets.sum())
        self.right += int(right.sum())
        self.flipped += int(flipped.sum())
        answers = block.tokens[:, 1:].to(clean.device)
        restored = [flipped & (p.argmax(-1) == answers) for p in spliced]
        self.restored = [n + int(r.sum()) for n, r in zip(self.restored, restored, strict=True)]
        for row, at in flipped.nonzero().tolist():
            answer = int(answers[row, at])
            line = block.tokens[row, max(at + 1 - _CONTEXT, 0) : at + 1].tolist()
            self.examples.append(
                Flip(
                    site=self.site,
                    document=int(block.documents[row, at + 1]),
                    position=at + 1,
                    text="".join(model.token_string(t) for t in line),
                    answer=model.token_string(answer),
                    ablated_answer=model.token_string(int(ablated[row, at].argmax())),
                    clean=float(clean[row, at, answer]),
                    ablated=float(ablated[row, at, answer]),
                    spliced=_pair(float(p[row, at, answer]) for p in spliced),
                    restored=_pair(bool(r[row, at]) for r in restored),
                )
            )
        self.examples.sort(key=lambda f: f.ablated - f.clean)
        del self.examples[self.keep :]

    def result(self, names: tuple[str, str]) -> Flips:
        a, b = (_share(n, self.flipped) for n in self.restored)
        return Flips(
            names,
            self.site,
            self.predictions,
            self.right,
            self.flipped,
            (a, b),
            tuple(self.examples),
        )


def _pair(values: Iterable[T]) -> tuple[T, T]:
    a, b = values
    return a, b


def _share(hits: int, n: int) -> Figure:
    """A share with its Wilson 95% interval."""
    if not n:
        return Figure(0.0, 0)
    z, p = 1.959964, hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return Figure(p, n, max(centre - half, 0.0), min(centre + half, 1.0))
