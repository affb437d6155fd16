"""Evaluate dictionaries on held-out documents: every figure, beside baselines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.distributed as dist
from jaxtyping import Int
from torch import Tensor

from microtome.data.block import Block, parts
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.baselines import (
    Reconstructor,
    pca,
    random_decoder,
    random_init,
    random_model,
)
from microtome.evaluation.checks import check_fits, unspliceable
from microtome.evaluation.fit import fit_baselines
from microtome.evaluation.measure import OfDictionary, Wanted
from microtome.evaluation.models import Models
from microtome.evaluation.passes import Subject, run_blocks
from microtome.evaluation.probe_tasks import probe_texts, probe_tokens
from microtome.evaluation.probing import ProbeResult
from microtome.evaluation.result import Evaluation
from microtome.evaluation.stability import comparable, twins
from microtome.evaluation.summarise import summarise
from microtome.evaluation.sums import DocumentSums
from microtome.model import LanguageModel

Blocks = Sequence[Block | Int[Tensor, "_ _"]]
"""Held-out tokens; in a plain tensor every row is a document."""

FEW_DOCUMENTS = 20
"""Below this a bootstrap over documents knows little of their spread."""

_BARE = Wanted(splice=False, replacement=False, per_feature=False)


@dataclass(frozen=True)
class Options:
    """How to evaluate; the defaults measure everything."""

    wanted: Wanted = field(default_factory=Wanted)
    baselines: bool = True
    """Measure the four baselines too; needs training documents to fit them on."""
    token_probes: bool = True
    """Probe features for what the next token is like (`probe_tasks.TOKEN_TASKS`)."""
    labelled: Mapping[str, Sequence[tuple[str, bool]]] = field(default_factory=dict)
    """Labelled texts to probe for, by the name of the task."""
    draws: int = 1000
    """Bootstrap samples behind each interval."""
    seed: int = 0
    """Of the bootstrap and of random baselines."""
    fit_tokens: int = 100_000
    """Training tokens for linear maps and PCA, at most."""
    tokens_at_once: int | None = None
    """Tokens of a forward pass; by default what fits into about a gigabyte."""
    any_model: bool = False
    """Evaluate a dictionary on a model that it was not trained on."""


@torch.no_grad()
def evaluate(
    model: LanguageModel,
    dictionaries: Sequence[Dictionary],
    blocks: Blocks,
    training: Blocks = (),
    options: Options | None = None,
    progress: Callable[[int, int], None] | None = None,
    other: LanguageModel | None = None,
) -> list[Evaluation]:
    """Evaluate dictionaries of one model on held-out tokens.

    Under torch.distributed every process takes its share of the blocks, and all return the same.

    Args:
        model: that the dictionaries were trained on.
        dictionaries: of any kind; they share the model's clean runs and ablations.
        blocks: of held-out documents: none that a dictionary was trained on.
        training: blocks of training documents, on which linear maps and PCA are fitted.
        options: what to measure and how.
        progress: called with blocks done and to do.
        other: the second model of crosscoders that have sites in two.

    Raises:
        MicrotomeError: a dictionary of another model, sites that do not exist, no token that
            counts, baselines without training documents, or figures that are not finite.
    """
    options, models = options or Options(), Models(model, other)
    if options.baselines and not training:
        raise MicrotomeError(
            "baselines are fitted on training documents, and none were given; give some or turn "
            "the baselines off"
        )
    for dictionary in dictionaries:
        check_fits(models, dictionary, options.any_model)
    at_once = options.tokens_at_once or _tokens_at_once(model, dictionaries)
    fitted_on = list(parts(training, at_once))
    subjects = [_subject(models, d, fitted_on, options) for d in dictionaries]
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    mine = list(parts(blocks, at_once, rank=rank, world=world))
    total = len(mine) * (1 + options.baselines)

    def report(done: int) -> None:
        if progress:
            progress(done, total)

    measured = run_blocks(models, subjects, mine, report)
    shuffled = _on_shuffled(models, subjects, mine, report) if options.baselines else []
    found = []
    for i, (subject, one) in enumerate(zip(subjects, measured, strict=True)):
        baselines = dict(one.baselines)
        if shuffled:
            baselines["random model"] = shuffled[i]
        evaluation = summarise(
            model, subject.dictionary, one.ours, baselines, options.draws, options.seed
        )
        found.append(_with_extras(models, subject, evaluation, blocks, at_once, options))
    return _with_stability(found, dictionaries)


def _tokens_at_once(model: LanguageModel, dictionaries: Sequence[Dictionary]) -> int:
    """So many that one matrix of logits or pre-activations has 128 MB (1 GB on a GPU); a handful
    of them are needed at a time."""
    widest = max([model.d_vocab, *(max(d.n_features) for d in dictionaries)])
    room = 2**28 if model.device.type == "cuda" else 2**25
    return max(min(8192, room // widest), 1)


def _subject(
    models: Models, dictionary: Dictionary, training: list[Block], options: Options
) -> Subject:
    wanted, fit = options.wanted, None
    if wanted.splice and unspliceable(models, dictionary):
        wanted = _BARE
    ready = dictionary.to(models.device, models.dtype)
    if training and (options.baselines or wanted.per_feature):
        fit = fit_baselines(models, dictionary, training, options.fit_tokens)
    baselines: dict[str, Reconstructor] = {}
    if options.baselines and fit is not None:
        random = random_init(dictionary, fit, options.seed).to(models.device, models.dtype)
        baselines = {
            "random init": OfDictionary(random),
            "random decoder": random_decoder(dictionary, fit, options.seed),
            "PCA": pca(dictionary, fit),
        }
    return Subject(ready, wanted, fit, baselines)


def _on_shuffled(
    models: Models,
    subjects: Sequence[Subject],
    blocks: Sequence[Block],
    progress: Callable[[int], None],
) -> list[tuple[DocumentSums, ...]]:
    """The dictionaries on a random-weights copy, which has no answers, so nothing is spliced."""
    other = models.other
    shuffled = Models(random_model(models.model), other and random_model(other, seed=1))
    bare = [Subject(subject.dictionary, _BARE) for subject in subjects]
    done = len(blocks)
    measured = run_blocks(shuffled, bare, blocks, lambda n: progress(done + n))
    return [one.ours.sites for one in measured]


def _with_extras(
    models: Models,
    subject: Subject,
    evaluation: Evaluation,
    blocks: Blocks,
    at_once: int,
    options: Options,
) -> Evaluation:
    """Probes, and notes on what could not be measured."""
    dictionary, probes = subject.dictionary, list[ProbeResult]()
    if options.token_probes and models.model.tokenizer is not None:
        probes += probe_tokens(models, dictionary, parts(blocks, at_once))
    for task, labelled in options.labelled.items():
        probes += probe_texts(models, dictionary, labelled, task)
    notes = []
    if options.wanted.splice and (reason := unspliceable(models, dictionary)):
        notes.append(reason)
    if evaluation.documents < FEW_DOCUMENTS:
        notes.append(
            f"intervals rest on {evaluation.documents} documents, which is few: they may be too "
            f"narrow; use more text"
        )
    return replace(evaluation, probes=tuple(probes), notes=tuple(notes))


def _with_stability(
    found: Sequence[Evaluation], dictionaries: Sequence[Dictionary]
) -> list[Evaluation]:
    """Where several dictionaries write the same sites, the share of features they agree on."""
    out = []
    for i, (evaluation, ours) in enumerate(zip(found, dictionaries, strict=True)):
        alive = [torch.tensor(d.density) > 0 for d in evaluation.densities]
        stability = tuple(
            twins(ours, other, alive=alive)
            for j, other in enumerate(dictionaries)
            if i != j and comparable(ours, other)
        )
        out.append(replace(evaluation, stability=stability))
    return out
