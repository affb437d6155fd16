"""The passes over held-out blocks: means first, then everything around them, on all processes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch.distributed as dist

from microtome.data.block import Block
from microtome.data.policy import TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.baselines import Reconstructor
from microtome.evaluation.fit import Fit
from microtome.evaluation.measure import Measurement, Wanted, counted, measure, measure_baseline
from microtome.evaluation.models import Models
from microtome.evaluation.reconstruction import SiteMeans
from microtome.evaluation.splice import BlockRun
from microtome.evaluation.sums import DocumentSums


@dataclass(frozen=True)
class Subject:
    """One dictionary ready to be measured, with its baselines."""

    dictionary: Dictionary
    """On the model's device."""
    wanted: Wanted
    fit: Fit | None = None
    baselines: Mapping[str, Reconstructor] = field(default_factory=dict)

    @property
    def policy(self) -> TokenPolicy:
        return TokenPolicy.of(self.dictionary)


@dataclass(frozen=True)
class Measured:
    """A dictionary's measurement and its baselines' sums; parts of a run add up."""

    ours: Measurement
    baselines: Mapping[str, tuple[DocumentSums, ...]]

    @staticmethod
    def merged(parts: Iterable["Measured"]) -> "Measured":
        parts = list(parts)
        baselines = {
            name: tuple(
                DocumentSums.merged(column)
                for column in zip(*(part.baselines[name] for part in parts), strict=True)
            )
            for name in parts[0].baselines
        }
        return Measured(Measurement.merged(part.ours for part in parts), baselines)


def run_blocks(
    models: Models,
    subjects: Sequence[Subject],
    blocks: Sequence[Block],
    progress: Callable[[int], object] = lambda done: None,
) -> list[Measured]:
    """Measure every subject on the blocks of all processes.

    Args:
        models: to run.
        subjects: that share the model's clean runs and ablations.
        blocks: this process's share; it may be empty where others have some.
        progress: called with the blocks done.

    Raises:
        MicrotomeError: no token counts on any process, or figures that are not finite.
    """
    policies = list(dict.fromkeys(subject.policy for subject in subjects))
    means = {policy: _means(models, subjects, blocks, policy) for policy in policies}
    sites = [s for x in subjects for s in (*x.dictionary.reads, *x.dictionary.writes)]
    totals: list[Measured] = []
    for done, block in enumerate(blocks, 1):
        run = BlockRun(models, block.tokens, block.documents, sites)
        new = [_measured(run, subject, means[subject.policy]) for subject in subjects]
        if totals:
            new = [Measured.merged(pair) for pair in zip(totals, new, strict=True)]
        totals = new
        progress(done)
    return [Measured.merged(column) for column in zip(*_gathered(totals), strict=True)]


def _measured(run: BlockRun, subject: Subject, means: SiteMeans) -> Measured:
    view = counted(run, subject.policy, means)
    ours = measure(view, subject.dictionary, subject.wanted, subject.fit)
    baselines = {
        name: measure_baseline(view, baseline, subject.wanted.splice)
        for name, baseline in subject.baselines.items()
    }
    return Measured(ours, baselines)


def _means(
    models: Models, subjects: Sequence[Subject], blocks: Sequence[Block], policy: TokenPolicy
) -> SiteMeans:
    """Means at the written sites over all tokens that count, on all processes."""
    mine = [subject for subject in subjects if subject.policy == policy]
    sites = list(dict.fromkeys(site for s in mine for site in s.dictionary.writes))
    found: list[SiteMeans] = []
    for block in blocks:
        tokens = block.tokens.to(models.device)
        counts = policy.counts(models.model, tokens)
        activations = models.capture(tokens, sites)
        new = SiteMeans.of({site: x[counts] for site, x in activations.items()})
        found = [SiteMeans.merged([*found, new])]
    everywhere = [part for parts in _gathered(found) for part in parts]
    if not sum(part.tokens for part in everywhere):
        raise MicrotomeError(
            "no held-out token counts: there is none, or all are special tokens or the first of "
            "their row; give more text, or hold out a larger share"
        )
    return SiteMeans.merged(everywhere)


def _gathered(mine: list) -> list[list]:
    """The lists of all processes that have something; this one's alone without distribution."""
    if not dist.is_initialized():
        return [mine] if mine else []
    everywhere: list[list] = [[] for _ in range(dist.get_world_size())]
    dist.all_gather_object(everywhere, mine)
    return [part for part in everywhere if part]
