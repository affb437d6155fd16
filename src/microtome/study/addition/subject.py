"""The adder beside its dictionary: features at the answer's position, and answers under changes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.circuit.replacement import check_fits
from microtome.circuit.verify.controls import decoder_norms
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention import Baseline, Clamps, Mode, clamp, hold
from microtome.intervention.baseline import computing
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide
from microtome.specimen.adder import world
from microtome.study.addition.document import Held

MODES: dict[Held, Mode] = {"live": Mode(), "frozen": Mode(attention="frozen")}
NO_NUMBER = -1
_AT_ONCE = 1000
"""Prompts in one forward pass."""
_FIRST = world.number_token(0)
_NUMBERS = 2 * world.OPERANDS - 1


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and a dictionary whose features, of all layers side by side, are columns."""

    model: LanguageModel
    dictionary: Dictionary
    """On the model's device, in the precision in which changes are computed."""

    @staticmethod
    def of(model: LanguageModel, dictionary: Dictionary) -> "Subject":
        """
        Raises:
            MicrotomeError: the model is not an adder, or the dictionary not a transcoder of it.
        """
        if model.d_vocab != len(world.vocabulary()):
            raise MicrotomeError(
                f"the addition study is of the adder, whose vocabulary has "
                f"{len(world.vocabulary())} tokens; {model.name} has {model.d_vocab}"
            )
        check_fits(model, dictionary)
        dictionary.check_finite()
        if dictionary.model and dictionary.model != model.fingerprint:
            raise MicrotomeError(
                f"{dictionary.name} was trained on another model than {model.name}; name a "
                f"dictionary of this one"
            )
        at_work = computing(model, dictionary)
        assert at_work is not None
        return Subject(model, at_work)

    @cached_property
    def layer(self) -> Int[Tensor, " columns"]:
        sizes = torch.tensor(self.dictionary.n_features)
        return torch.arange(len(sizes)).repeat_interleave(sizes)

    @cached_property
    def feature(self) -> Int[Tensor, " columns"]:
        return torch.cat([torch.arange(n) for n in self.dictionary.n_features])

    def column(self, layer: Int[Tensor, " n"], feature: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """Where features are."""
        starts = torch.tensor([0, *self.dictionary.n_features]).cumsum(0)
        return starts[layer] + feature

    @cached_property
    def length(self) -> Float[Tensor, " columns"]:
        """Of each feature's decoder, over all sites that it writes to."""
        return torch.cat([decoder_norms(decoder) for decoder in self.dictionary.decoders])

    def activations(
        self, pairs: Int[Tensor, "pairs 2"], task: str
    ) -> Float[Tensor, "pairs columns"]:
        """Of every feature at the answer's position: the last one of the prompt."""
        return torch.cat([self._encode(part, task) for part in pairs.split(_AT_ONCE)])

    @torch.no_grad()
    def _encode(self, pairs: Tensor, task: str) -> Tensor:
        sites = [Site.parse(name) for name in self.dictionary.reads]
        seen = self.model.capture(world.prompt_tokens(pairs, task), sites)
        codes = self.dictionary.encode([wide(seen[site][:, -1]) for site in sites])
        return torch.cat([code.dense() for code in codes], -1).cpu()

    @torch.no_grad()
    def error_share(self, pairs: Int[Tensor, "pairs 2"], task: str) -> float:
        """Variance of MLP outputs at the answer's position that features do not explain."""
        reads = [Site.parse(name) for name in self.dictionary.reads]
        writes = [Site.parse(name) for name in self.dictionary.writes]
        seen = self.model.capture(world.prompt_tokens(pairs, task), [*reads, *writes])
        made = self.dictionary.reconstruct([wide(seen[site][:, -1]) for site in reads])
        error = variance = 0.0
        for site, rebuilt in zip(writes, made, strict=True):
            out = wide(seen[site][:, -1])
            error += float((out - rebuilt).double().pow(2).sum())
            variance += float((out - out.mean(0)).double().pow(2).sum())
        return error / variance if variance else float("nan")

    @torch.no_grad()
    def plain_answers(self, pairs: Int[Tensor, "pairs 2"], task: str) -> Int[np.ndarray, " pairs"]:
        """The model's answers without a change."""
        parts = [
            self.model.run(world.prompt_tokens(part, task)).logits[:, -1].argmax(-1)
            for part in pairs.split(_AT_ONCE)
        ]
        return numbers(torch.cat(parts))

    def hold(self, pair: Int[Tensor, " 2"], task: str) -> Baseline:
        """One prompt, ready to be changed."""
        return hold(self.model, world.prompt_tokens(pair[None], task), self.dictionary)

    def answers(
        self,
        baseline: Baseline,
        changed: Bool[Tensor, "rows columns"],
        values: Float[Tensor, "rows columns"],
        held: Held,
    ) -> Int[np.ndarray, " rows"]:
        """Answers of one prompt with features at its last position clamped, on the real model.

        Args:
            baseline: the prompt.
            changed: for every row of the result, which features.
            values: their new activations.
            held: attention.
        """
        return numbers(self.logits(baseline, changed, values, held).argmax(-1))

    def logits(
        self,
        baseline: Baseline,
        changed: Bool[Tensor, "rows columns"],
        values: Float[Tensor, "rows columns"],
        held: Held,
    ) -> Float[Tensor, "rows vocabulary"]:
        """As `answers`: the logits behind them."""
        row, column = changed.nonzero(as_tuple=True)
        clamps = Clamps(
            row,
            self.layer[column],
            torch.full_like(row, baseline.n_positions - 1),
            self.feature[column],
            values[row, column],
        )
        return clamp(baseline, clamps, {}, len(changed), MODES[held], ()).logits[:, -1]


def numbers(tokens: Int[Tensor, " n"]) -> Int[np.ndarray, " n"]:
    """The numbers that tokens are; -1 for other tokens."""
    values = tokens.cpu().numpy() - _FIRST
    return np.where((values >= 0) & (values < _NUMBERS), values, NO_NUMBER)


def all_pairs() -> Int[Tensor, "pairs 2"]:
    """The 10,000 pairs, the first operand slowest."""
    values = torch.arange(world.OPERANDS)
    return torch.cartesian_prod(values, values)
