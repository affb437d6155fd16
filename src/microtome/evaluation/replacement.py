"""The whole replacement model: every MLP replaced by a dictionary, attention live or frozen."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.data.policy import TokenPolicy
from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.bootstrap import Statistic, ratio
from microtome.evaluation.splice import BlockRun, Losses, prediction_losses
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide
from microtome.model.hooks import Edit, Tap, tapped
from microtome.model.norm import normalized

REPLACEMENT: dict[str, Statistic] = {
    "top1": ratio("same", "predictions"),
    "kl": ratio("kl", "predictions"),
    "ce": ratio("ce", "predictions"),
    "ce_clean": ratio("ce_clean", "predictions"),
    "ce_increase": lambda s: (s["ce"] - s["ce_clean"]) / s["predictions"],
}
"""Figures of the whole replacement model: share of predictions whose most likely token is the
model's, KL(model || replacement model) and next-token losses in nats per prediction."""


@contextmanager
def replaced(
    model: LanguageModel,
    dictionary: Dictionary,
    counts: Bool[Tensor, "batch position"] | None = None,
) -> Iterator[None]:
    """Inside the block the model runs with every written site replaced (Ameisen et al. 2025,
    "Circuit Tracing", section 3.2).

    Codes come from the changed run itself, layer after layer. Tokens that the dictionary was
    trained without keep the model's own output.

    Args:
        model: the model to change; norms stay live.
        dictionary: a PLT or CLT, or SAEs at several sites.
        counts: which tokens the dictionary speaks for; all but position 0 by default, or all
            where `skip_first` is off.

    Raises:
        MicrotomeError: a site is written before all that its features read has been computed, or
            the dictionary leaves out special tokens and `counts` does not say where they are.
    """
    if counts is None and dictionary.skip_special:
        raise MicrotomeError(f"{dictionary.name} leaves out special tokens; say which tokens count")
    state = _Crossing(model, dictionary, counts)
    taps: list[tuple[Tap, Edit]] = []
    for i, read in enumerate(dictionary.reads):
        tap, finish = _listen(model, Site.parse(read))
        taps.append((tap, partial(state.read, i, finish)))
    # reads come first: at a site that is read and written the encoder sees what arrives
    for j, write in enumerate(dictionary.writes):
        taps.append((model.tap(_editable(Site.parse(write))), partial(state.write, j)))
    with tapped(taps):
        yield


class _Crossing:
    """Inputs and codes of one pass through the replacement model."""

    def __init__(
        self, model: LanguageModel, dictionary: Dictionary, counts: Bool[Tensor, "_ _"] | None
    ):
        dtype = torch.float64 if model.dtype == torch.float64 else torch.float32
        self.dictionary = dictionary.to(model.device, dtype)
        self.counts = counts
        self.inputs: dict[int, Tensor] = {}
        self.codes: dict[int, Codes] = {}

    def read(self, i: int, finish: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        self.inputs[i] = wide(finish(x).flatten(0, 1))
        for e, sources in enumerate(self.dictionary.sources):
            if i in sources:
                self.codes.pop(e, None)  # a second run inside one block computes its own
        return x

    def write(self, j: int, y: Tensor) -> Tensor:
        dictionary = self.dictionary
        out = dictionary.biases[j].expand(y.shape[0] * y.shape[1], -1).clone()
        for e, decoder in enumerate(dictionary.decoders):
            if j in decoder.targets:
                codes = self._encode(e, j)
                rows = decoder.rows(codes.features, j, out)
                out.index_add_(0, codes.rows(), rows * codes.values[:, None])
        skip = dictionary.skips[j]
        if skip is not None:
            out += self.inputs[j] @ skip
        out = out.view(y.shape).to(y.dtype)
        if self.counts is not None:
            return torch.where(self.counts[..., None], out, y)
        return torch.cat([y[:, :1], out[:, 1:]], 1) if dictionary.skip_first else out

    def _encode(self, e: int, j: int) -> Codes:
        if e not in self.codes:
            dictionary = self.dictionary
            sources = dictionary.sources[e]
            if missing := [i for i in sources if i not in self.inputs]:
                raise MicrotomeError(
                    f"{dictionary.name} writes {dictionary.writes[j]} from "
                    f"{dictionary.reads[missing[0]]}, which is computed later, so it has no whole "
                    f"replacement model"
                )
            self.codes[e] = dictionary.encoders[e].encode(
                torch.cat([self.inputs[i] for i in sources], -1)
            )
        return self.codes[e]


def _listen(model: LanguageModel, site: Site) -> tuple[Tap, Callable[[Tensor], Tensor]]:
    """Where a read site passes, and what to make of it."""
    if site.kind != "mlp.normalized":
        return model.tap(site), lambda x: x
    assert site.layer is not None
    norm = model.part(site.layer, model.adapter.mlp_norm)
    if norm is None:
        return model.tap(Site("mlp.in", site.layer)), lambda x: x
    stream = Site("resid.pre" if model.parallel else "resid.mid", site.layer)
    return model.tap(stream), partial(normalized, norm)


def _editable(site: Site) -> Site:
    if site.kind in ("resid.mid", "mlp.normalized"):
        raise MicrotomeError(
            f"site {site} can be read but not written, so it has no whole replacement model"
        )
    return site


def held_patterns(model: LanguageModel, tokens: Int[Tensor, "batch position"]) -> dict[Site, Edit]:
    """Edits that hold attention patterns at what the model's own run of these tokens has."""
    sites = [Site("attn.pattern", layer) for layer in range(model.n_layers)]
    run = model.run(tokens, sites)
    return {site: partial(_put, run[site]) for site in sites}


def _put(value: Tensor, x: Tensor) -> Tensor:
    return value


def replacement_losses(
    block: BlockRun,
    dictionary: Dictionary,
    counts: Bool[Tensor, "batch position"],
    frozen: bool = False,
) -> Losses:
    """Losses of the whole replacement model on a block's rows."""
    edits = held_patterns(block.model, block.tokens) if frozen else {}
    with replaced(block.model, dictionary, counts):
        run = block.model.run(block.tokens, edit=edits)
    return prediction_losses(run.logits, block.tokens, block.clean(block.model))


@torch.no_grad()
def agreement(
    model: LanguageModel,
    dictionary: Dictionary,
    blocks: Sequence[Int[Tensor, "_ _"]],
    positions: slice = slice(None),
) -> Bool[Tensor, " tokens"]:
    """Whether the replacement model's most likely next token is the model's, token by token."""
    same = []
    for tokens in blocks:
        plain = model.run(tokens).logits[:, positions].argmax(-1)
        counts = TokenPolicy.of(dictionary).counts(model, tokens.to(model.device))
        with replaced(model, dictionary, counts):
            logits = model.run(tokens).logits
        same.append((plain == logits[:, positions].argmax(-1)).flatten())
    return torch.cat(same)
