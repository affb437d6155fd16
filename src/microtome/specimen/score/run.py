"""The scoreboard: every architecture and the attribution method on every truth."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from microtome.artifact.manifest import with_article
from microtome.errors import MicrotomeError
from microtome.specimen.entry import PREFIX
from microtome.specimen.registry import find_part
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.parallel import Job, run_jobs
from microtome.specimen.score.progress import Stages, silent
from microtome.specimen.score.result import (
    Scoreboard,
    Scored,
    ScoreTable,
    mean_of,
    notes_on,
    tabulate,
)
from microtome.specimen.truth_name import truth_name

SYNTHETIC, COMPILED = "synthetic", "compiled"


@dataclass(frozen=True)
class Entry:
    """A truth of the scoreboard."""

    name: str
    kind: str
    """"synthetic", "compiled" or "world"."""
    job: Job


def score_specimens(
    truths: Sequence[str] = (),
    options: ScoreOptions | None = None,
    model: str | None = None,
    stages: Stages = silent,
    jobs: int = 1,
) -> Scoreboard:
    """Score every dictionary architecture and the attribution method.

    Args:
        truths: "synthetic", compiled circuits by name, other specimens or folders with labelled
            tokens (see `truth_name`); all that are there by default. "compiled" means all circuits.
        options: of the run.
        model: of the truths that are folders of labelled tokens, the model that they are of.
        stages: told how far it is.
        jobs: processes; figures do not depend on how many.

    Raises:
        MicrotomeError: an unknown truth (names the nearest), or one that cannot be used.
    """
    options = options or ScoreOptions()
    began = time.perf_counter()
    entries, notes = resolve(truths, model)
    tables: list[ScoreTable] = []
    circuits: dict[int, list[Scored]] = {}
    tasks = [(entry.job, seed) for entry in entries for seed in options.seeds]
    done = iter(run_jobs(tasks, options, jobs, stages))
    for entry in entries:
        by_seed = [next(done) for _ in options.seeds]
        tables += tabulate(entry.name, by_seed)
        notes += notes_on(entry.name, by_seed)
        if entry.kind == COMPILED:
            for seed, scored in zip(options.seeds, by_seed, strict=True):
                circuits.setdefault(seed, []).append(scored)
    if circuits and len(next(iter(circuits.values()))) > 1:
        means = [mean_of(COMPILED, parts) for parts in circuits.values()]
        tables += tabulate(COMPILED, means)
    config = options.as_config() | {"truths": [entry.name for entry in entries], "model": model}
    seconds = time.perf_counter() - began
    return Scoreboard(tuple(tables), options.seeds, config, tuple(notes), seconds)


def resolve(truths: Sequence[str], model: str | None = None) -> tuple[list[Entry], list[str]]:
    """The truths that are meant, and notes on those that cannot be had.

    Args:
        truths: by name; none for all.
        model: of the folders among them.

    Raises:
        MicrotomeError: an unknown truth (names the nearest), one that cannot be used, or a model
            where none is a folder.
    """
    from microtome.specimen.compiled import PROGRAMS

    known = labelled_specimens()
    notes: list[str] = []
    if not truths:
        missing = [name for name, there in known.items() if not there]
        notes = [f"{name} is not in this install, so it is not scored" for name in missing]
        truths = [SYNTHETIC, *PROGRAMS, *(name for name, there in known.items() if there)]
    names: list[str] = []
    for truth in truths:
        every = PROGRAMS if truth == COMPILED else [truth]
        names += [truth_name(name, also=[COMPILED]) for name in every]
    if model is not None and all(name.startswith(PREFIX) for name in names):
        raise MicrotomeError(
            "--model names the model that the folder of a truth is of, and no truth is a folder; "
            "leave it out"
        )
    return [_entry(name, model) for name in dict.fromkeys(names)], notes


def _entry(name: str, model: str | None) -> Entry:
    """What is run for `specimen:NAME` or a folder."""
    from microtome.specimen.compiled import PROGRAMS
    from microtome.specimen.load import load_truth
    from microtome.specimen.score.compiled import score_circuit
    from microtome.specimen.score.synthetic import score_synthetic

    if not name.startswith(PREFIX):
        _check_is_a_world(name, load_truth(name)[0].kind)
        return Entry(name, "world", _WorldJob(name, model))
    part = find_part(name, "truth")
    if part.kind != "truth":
        raise MicrotomeError(
            f"{name} is {with_article(part.kind)}, not a truth; pass --dictionary to score one"
        )
    specimen = part.specimen.name
    if specimen == SYNTHETIC:
        return Entry(specimen, SYNTHETIC, score_synthetic)
    if specimen in PROGRAMS:
        return Entry(specimen, COMPILED, partial(score_circuit, specimen))
    own = name.removesuffix("/truth")
    find_part(own, "model")  # refused here, not after minutes
    return Entry(own.removeprefix(PREFIX), "world", _WorldJob(own, None))


def _check_is_a_world(folder: str, kind: str) -> None:
    """Refuse a folder that nothing can be trained for.

    Raises:
        MicrotomeError: its truth is of synthetic activations, which are of no model, or of a
            compiled circuit, whose texts and rotations are drawn anew for each seed.
    """
    if kind == SYNTHETIC:
        raise MicrotomeError(
            f"{folder} is of synthetic activations: score a dictionary on it (--dictionary), or "
            f"every architecture on worlds of their own (--truth {SYNTHETIC})"
        )
    if kind == COMPILED:
        raise MicrotomeError(
            f"{folder} is of one compiled circuit: score a dictionary or a graph on it "
            f"(--dictionary, --graph), or every architecture on circuits compiled for each seed "
            f"(--truth {COMPILED})"
        )


def labelled_specimens() -> dict[str, bool]:
    """Specimens with a model and a truth that are neither synthetic nor compiled, and whether
    they are there."""
    from microtome.specimen.compiled import PROGRAMS
    from microtome.specimen.load import bundled_path
    from microtome.specimen.registry import all_specimens

    found = {}
    for name, specimen in all_specimens().items():
        if {"model", "truth"} <= set(specimen.every_part) and name not in PROGRAMS:
            parts = [find_part(name, part) for part in ("model", "truth")]
            found[name] = specimen.build is not None or all(map(bundled_path, parts))
    return found


@dataclass(frozen=True)
class _WorldJob:
    """Labelled tokens of a specimen or a folder."""

    name: str
    model: str | None

    def __call__(self, options: ScoreOptions, seed: int, stages: Stages) -> Scored:
        from microtome.specimen import load_dictionary, load_model
        from microtome.specimen.load import load_truth
        from microtome.specimen.score.labelled import Given, score_labelled
        from microtome.specimen.score.outside import model_of

        truth, tensors = load_truth(self.name)
        model = load_model(model_of(self.name, self.model))
        own = {part: load_dictionary(f"{self.name}/{part}") for part in own_parts(self.name)}
        title = self.name.removeprefix(PREFIX)
        return score_labelled(Given(title, model, truth, tensors, own), options, seed, stages)


def own_parts(name: str) -> list[str]:
    """Names of the dictionaries that are bundled with a specimen's variant."""
    from microtome.specimen.entry import kind_of
    from microtome.specimen.load import bundled_path

    if not name.startswith(PREFIX):
        return []
    part = find_part(name, "truth")
    parts = part.specimen.variants.get(part.variant, part.specimen.parts)
    found = [p for p in parts if kind_of(p) == "dictionary"]
    return [p for p in found if bundled_path(find_part(f"{name}/{p}", p))]
