"""Harvesting: activations of a model at sites, over many tokens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.data.block import Block, BlockSource, parts
from microtome.data.policy import TokenPolicy
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site

OTHER = "other:"
"""In front of the sites of a second model."""


@dataclass(frozen=True)
class Rows:
    """The tokens of one forward pass that count, with their activations."""

    activations: dict[str, Float[Tensor, "row _"]]
    """By the name of the site, as it was asked for."""
    tokens: Int[Tensor, " row"]
    documents: Int[Tensor, " row"]
    positions: Int[Tensor, " row"]
    """Position in the row of the block (not in the document, where documents are packed)."""

    def __len__(self) -> int:
        return len(self.tokens)


def stream_activations(
    model: LanguageModel,
    blocks: Iterable[Block | Int[Tensor, "_ _"]],
    sites: Sequence[str],
    policy: TokenPolicy | None = None,
    other: LanguageModel | None = None,
    tokens_at_once: int = 8192,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> Iterator[Rows]:
    """Activations at any sites, from one pass that stops behind the last of them.

    Args:
        model: the model to run.
        blocks: token blocks; in a plain tensor every row is a document.
        sites: names of the sites; those of `other` as `other:NAME`. Heads lie side by side.
        policy: which tokens count; by default not position 0, BOS, EOS or padding.
        other: a second model with the same tokenizer, which reads the same tokens.
        tokens_at_once: size of a forward pass.
        dtype: of the activations.
        device: where they are put.

    Raises:
        MicrotomeError: no such site, one without a vector per token, or models whose tokenizers
            differ.
    """
    wanted = _by_model(model, other, sites)
    return _stream(wanted, parts(blocks, tokens_at_once), policy or TokenPolicy(), dtype, device)


@dataclass(frozen=True)
class ActivationSource:
    """A stream of activations that can be started again, in every epoch and after an
    interruption; the arguments of `stream_activations`, and the share of one process."""

    model: LanguageModel
    blocks: BlockSource
    """Starts the blocks from the beginning, such as
    `lambda: token_blocks(model, read_texts(path), 128)`."""
    sites: Sequence[str]
    policy: TokenPolicy | None = None
    other: LanguageModel | None = None
    tokens_at_once: int = 8192
    dtype: torch.dtype = torch.float32
    device: str | torch.device = "cpu"
    rank: int = 0
    """Of `world` processes: this one takes passes rank, rank + world and so on."""
    world: int = 1

    def __call__(self, start: int = 0) -> Iterator[Rows]:
        """One `Rows` per forward pass; the first `start` of them are not run."""
        share = parts(self.blocks(), self.tokens_at_once, start, self.rank, self.world)
        return stream_activations(
            self.model,
            share,
            self.sites,
            self.policy,
            self.other,
            self.tokens_at_once,
            self.dtype,
            self.device,
        )


def harvest_all(
    model: LanguageModel,
    blocks: Iterable[Block | Int[Tensor, "_ _"]],
    sites: Sequence[str],
    policy: TokenPolicy | None = None,
    max_tokens: int | None = None,
    other: LanguageModel | None = None,
    tokens_at_once: int = 8192,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Float[Tensor, "row _"]]:
    """Activations of a whole corpus, or its first `max_tokens` that count, in memory by site.

    The other arguments are those of `stream_activations`; `progress` is called with the tokens
    harvested so far.

    Raises:
        MicrotomeError: as `stream_activations`, or no token counts.
    """
    found: dict[str, list[Tensor]] = {site: [] for site in sites}
    done = 0
    for rows in stream_activations(model, blocks, sites, policy, other, tokens_at_once):
        for site, x in rows.activations.items():
            found[site].append(x)
        done += len(rows)
        if progress:
            progress(done)
        if max_tokens is not None and done >= max_tokens:
            break
    if not done:
        raise MicrotomeError("the corpus has no token that counts; see its token policy")
    # one site at a time, so that no more than one of them is in memory twice
    return {site: torch.cat(found.pop(site))[:max_tokens] for site in list(found)}


_Wanted = list[tuple[LanguageModel, dict[str, Site]]]


def _by_model(model: LanguageModel, other: LanguageModel | None, sites: Sequence[str]) -> _Wanted:
    """The models that have to run, and what is wanted of each."""
    if not sites:
        raise MicrotomeError("name at least one site to harvest")
    own = {name: Site.parse(name) for name in sites if not name.startswith(OTHER)}
    others = {name: Site.parse(name[len(OTHER) :]) for name in sites if name.startswith(OTHER)}
    wanted = [(model, own)] if own else []
    if others:
        if other is None:
            raise MicrotomeError(
                f"site {next(iter(others))} is one of a second model, but none is given as other"
            )
        _check_same_tokenizer(model, other)
        wanted.append((other, others))
    for owner, names in wanted:
        for name, site in names.items():
            if site.kind == "attn.pattern":
                raise MicrotomeError(f"site {name} is a pattern; it has no vector per token")
            owner.check_site(site)
    return wanted


def _check_same_tokenizer(model: LanguageModel, other: LanguageModel) -> None:
    if model.tokenizer is None or other.tokenizer is None:
        return
    if model.tokenizer.get_vocab() != other.tokenizer.get_vocab():
        raise MicrotomeError(
            f"{model.name} and {other.name} have different tokenizers, so they cannot read the "
            f"same tokens"
        )


def _stream(
    wanted: _Wanted,
    parts: Iterator[Block],
    policy: TokenPolicy,
    dtype: torch.dtype,
    device: str | torch.device,
) -> Iterator[Rows]:
    model = wanted[0][0]
    for part in parts:
        keep = _keeper(policy.counts(model, part.tokens))
        activations: dict[str, Tensor] = {}
        for owner, names in wanted:
            captured = owner.capture(part.tokens, list(names.values()))
            for name, site in names.items():
                x = captured[site]
                activations[name] = keep(x.flatten(2)).to(device).to(dtype)
        positions = torch.arange(part.tokens.shape[1]).expand_as(part.tokens)
        yield Rows(activations, keep(part.tokens), keep(part.documents), keep(positions))


def _keeper(mask: Bool[Tensor, "batch position"]) -> Callable[[Tensor], Tensor]:
    """From [batch, position, ...] to the rows that count, without a copy where all of them do
    and without an index where only position 0 does not."""
    if bool(mask.all()):
        return lambda x: x.flatten(0, 1)
    if bool(mask[:, 1:].all()) and not bool(mask[:, 0].any()):
        return lambda x: x[:, 1:].flatten(0, 1)
    index = mask.flatten().nonzero().squeeze(1)
    return lambda x: x.flatten(0, 1).index_select(0, index.to(x.device))
