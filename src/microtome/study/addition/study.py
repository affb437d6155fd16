"""The addition study, from a model and a dictionary to claims that hold or fail."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.adder import world
from microtome.study.addition.ablation import ablate, confusion, held_out, right_pairs
from microtome.study.addition.claims import (
    ablation_claims,
    guise_claims,
    response_claims,
    swap_claims,
)
from microtome.study.addition.document import (
    PATHS,
    AdditionOptions,
    AdditionStudy,
    LinkRow,
    Path,
)
from microtome.study.addition.guises import (
    circuit_rows,
    circuits,
    overlaps,
    transfer,
    transfer_rows,
)
from microtome.study.addition.kinds import Kinds, permuted, sort_features
from microtome.study.addition.links import swap_links
from microtome.study.addition.paths import Paths, find_paths
from microtome.study.addition.report import responses
from microtome.study.addition.subject import Subject, all_pairs, numbers
from microtome.study.addition.swaps import (
    Swapped,
    draw_others,
    swap_examples,
    swap_paths,
    swap_rows,
)
from microtome.study.figure import Share, share

Stages = Callable[[str, int, int], object]
"""Called with the stage, what is done of it, and what there is to do."""
_SPLIT_SEED = 0
"""Of the pairs that the bundled adder was not trained on."""


def _silence(stage: str, done: int, total: int) -> None:
    pass


def addition_study(
    model: LanguageModel,
    dictionary: Dictionary,
    options: AdditionOptions | None = None,
    progress: Stages = _silence,
) -> AdditionStudy:
    """Reproduce the published account of addition on the adder, with controls.

    Lindsey et al. 2025, "On the Biology of a Large Language Model", section on addition: one path
    for the ones digit, one for the size. Changes are made on the real model, at the answer's
    position, on pairs that the model was not trained on.

    Args:
        model: the adder.
        dictionary: a PLT or CLT of it.
        options: how many pairs, graphs, random draws; the seed.
        progress: called as the study goes on.

    Raises:
        MicrotomeError: another model, a dictionary of another one, or a seed that cannot be.
    """
    options = options or AdditionOptions()
    if not 0 <= options.seed < 2**62:
        raise MicrotomeError(f"seed {options.seed} is not between 0 and 2**62 - 1")
    start = time.monotonic()
    subject = Subject.of(model, dictionary)
    seen = _look(subject, options, progress)
    candidates = world.split_pairs(_SPLIT_SEED).held_out
    pairs = held_out(subject, candidates, options.pairs, options.seed)
    swapped, links = _swaps(subject, seen, pairs, options, progress)
    compared = circuits(subject, pairs[: options.graphs], options.seed, _part("graphs", progress))
    transferred = transfer(subject, seen.paths, seen.means, pairs, _part("guises", progress))
    ablated = ablate(
        subject,
        seen.paths["equation"],
        seen.means["equation"],
        pairs,
        options.seed,
        _part("ablating", progress),
    )
    seed = options.seed
    return AdditionStudy(
        model=model.name,
        model_fingerprint=model.fingerprint,
        dictionary=dictionary.name,
        dictionary_fingerprint=dictionary.fingerprint,
        dictionary_kind=dictionary.kind,
        options=options,
        accuracy=_accuracy(subject, candidates, seed),
        errors={task: subject.error_share(candidates, task) for task in world.TASKS},
        responses=responses(
            subject,
            seen.kinds["equation"],
            seen.paths["equation"],
            seen.permuted,
            seen.activations["equation"],
        ),
        swaps=[row for one in swapped.values() for row in swap_rows(one, seed)],
        swap_examples=[row for one in swapped.values() for row in swap_examples(one)],
        links=links,
        overlaps=overlaps(seen.paths, seen.activations),
        circuits=circuit_rows(compared, seed),
        transfers=transfer_rows(transferred, seed),
        ablation=confusion(ablated, seed),
        claims=[
            *response_claims(*_f1(seen), seed),
            *swap_claims(swapped, seed),
            *guise_claims(compared, transferred, seed),
            *ablation_claims(ablated, seed),
        ],
        seconds=time.monotonic() - start,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """Activations of all pairs, and what was made of them, by guise."""

    activations: dict[str, Float[Tensor, "pairs columns"]]
    kinds: dict[str, Kinds]
    paths: dict[str, Paths]
    means: dict[str, Float[Tensor, " columns"]]
    """In every task: over all pairs in guises, over the held-out ones in exercises."""
    permuted: Kinds
    """Of the equation guise with pairs shuffled."""


def _look(subject: Subject, options: AdditionOptions, progress: Stages) -> _Seen:
    pairs, seed = all_pairs(), options.seed
    some = world.split_pairs(_SPLIT_SEED).held_out
    activations, means = {}, {}
    for number, task in enumerate(world.TASKS):
        progress("looking", number, len(world.TASKS))
        found = subject.activations(pairs if task in world.GUISES else some, task)
        means[task] = found.mean(0)
        if task in world.GUISES:
            activations[task] = found
    kinds = {}
    for number, (guise, found) in enumerate(activations.items()):
        progress("sorting features", number, len(activations) + 1)
        kinds[guise] = sort_features(pairs, found, seed)
    control = sort_features(pairs, permuted(activations["equation"], seed), seed)
    paths = {
        guise: find_paths(subject, found, options.draws, seed) for guise, found in kinds.items()
    }
    return _Seen(activations, kinds, paths, means, control)


def _f1(seen: _Seen) -> tuple[dict[Path, np.ndarray], dict[Path, np.ndarray]]:
    kinds, own = seen.kinds["equation"], seen.paths["equation"].own
    return (
        {path: kinds.f1[own[path]].numpy() for path in PATHS},
        {path: seen.permuted.f1[own[path]].numpy() for path in PATHS},
    )


def _swaps(
    subject: Subject,
    seen: _Seen,
    pairs: Int[Tensor, "pairs 2"],
    options: AdditionOptions,
    progress: Stages,
) -> tuple[dict[Path, Swapped], list[LinkRow]]:
    paths = seen.paths["equation"]
    swapped, links = {}, []
    mine, others = draw_others(pairs, options.seed)
    right = right_pairs(subject, others)
    mine, others = mine[right], others[right]
    for path in PATHS:
        say = _part(f"swapping {path}", progress)
        swapped[path] = swap_paths(subject, paths, path, mine, others, options.seed, say)
        links += swap_links(subject, swapped[path], paths.own[path], options.graphs, say)
    return swapped, links


def _accuracy(subject: Subject, pairs: Int[Tensor, "pairs 2"], seed: int) -> dict[str, Share]:
    return {
        task: share(subject.plain_answers(pairs, task) == numbers(world.answers(pairs, task)), seed)
        for task in world.TASKS
    }


def _part(stage: str, progress: Stages) -> Callable[[int, int], object]:
    return lambda done, total: progress(stage, done, total)
