"""A scoreboard: tables of figures over seeds, each with what chance gives."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["dictionary", "method", "random", "shuffled", "ceiling"]
"""`random` and `shuffled` know nothing of the truth; a `ceiling` has been told it."""
Task = Literal["directions", "concepts", "interventions", "edges"]

RANDOM, PCA, PROBE, SHUFFLED = "random dictionary", "PCA", "linear probe", "shuffled labels"
BESIDE: dict[str, Role] = {
    RANDOM: "random",
    PCA: "method",
    PROBE: "ceiling",
    SHUFFLED: "shuffled",
}
"""Rows that stand beside dictionaries, by name."""

MEASURES = {
    "coverage": "mean over known concepts of the best feature's F1, on rows apart from those on "
    "which feature and threshold were chosen",
    "mcc": "mean cosine of known directions and features matched one to one",
    "unique": "known directions that are the nearest of some feature, over features",
    "l0": "active features per token",
    "fvu": "fraction of variance unexplained on the rows that are scored",
    "predicted": "of the tokens that a swapped value should change, the share that became what "
    "the program says",
    "kept": "of the tokens that a swapped value should not change, the share that stayed",
    "effect_r2": "R2 of the change in logit difference against that of the truth's own directions",
    "auroc": "chance that a pair of variables that a value joins scores above another",
    "auroc_shown": "the same over pairs of variables that both have nodes",
    "matched": "share of the graphs' features that stand for a variable",
    "variables": "share of the variables that MLPs write that have a node in some graph",
}
"""Keys of figures, and what they are."""

CHANCE = {
    "coverage": "F1 of saying yes to every row",
    "mcc": "random directions, an independent draw of as many",
    "predicted": "no change at all; features drawn at random stand beside",
    "kept": "no change at all",
    "effect_r2": "no change at all; features drawn at random stand beside",
    "auroc": "0.5 by definition",
    "auroc_shown": "0.5 by definition",
}
"""What stands for chance in each of the figures that has it."""


@dataclass(frozen=True)
class Score:
    """A figure over seeds, with its 95% interval where two or more of them are independent."""

    value: float
    seeds: tuple[float, ...]
    """By seed, where it is defined."""
    low: float | None = None
    high: float | None = None


def over_seeds(values: Sequence[float]) -> Score:
    """Mean over seeds, with the 95% interval of Student's t: few seeds, so a wide one."""
    from scipy.stats import t

    n, mean = len(values), sum(values) / len(values)
    if n < 2:
        return Score(mean, tuple(values))
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    half = float(t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    return Score(mean, tuple(values), mean - half, mean + half)


def distinct(name: str, taken: Collection[str] = tuple(BESIDE)) -> str:
    """The name of a dictionary that came from elsewhere, told apart from rows of that name."""
    while name in taken:
        name += " (given)"
    return name


@dataclass(frozen=True)
class Outcome:
    """What one method got on one truth with one seed."""

    task: Task
    method: str
    role: Role
    figures: Mapping[str, float]
    """By measure; one that is undefined is absent."""
    detail: Mapping[str, float] = field(default_factory=dict)
    """Coverage by variable."""


@dataclass(frozen=True)
class Scored:
    """All outcomes of one truth with one seed."""

    truth: str
    outcomes: tuple[Outcome, ...]
    chance: Mapping[Task, Mapping[str, float]]
    """By task and measure."""


@dataclass(frozen=True)
class Row:
    """A method's figures over seeds."""

    method: str
    role: Role
    figures: Mapping[str, Score]
    detail: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreTable:
    """All methods on one truth and one task."""

    truth: str
    """Name of the specimen; "compiled" for means over circuits."""
    task: Task
    chance: Mapping[str, Score]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Scoreboard:
    """Every table, and what made them."""

    tables: tuple[ScoreTable, ...]
    seeds: tuple[int, ...]
    config: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    splits: bool = False
    """Whether seeds are only splits of one sample: they are not independent, so no interval."""

    @property
    def circuits(self) -> set[str]:
        """Compiled circuits among the truths."""
        from microtome.specimen.compiled import PROGRAMS

        return {t.truth for t in self.tables} & set(PROGRAMS)

    def table(self, truth: str, task: Task) -> ScoreTable:
        """One table.

        Raises:
            KeyError: it is not there.
        """
        for one in self.tables:
            if (one.truth, one.task) == (truth, task):
                return one
        raise KeyError((truth, task))


def tabulate(truth: str, by_seed: Sequence[Scored], splits: bool = False) -> list[ScoreTable]:
    """Tables of one truth from its outcomes with each seed, in the order of the first of them.

    A figure that is not finite with some seed is absent: a mean over the others would hide it.

    Args:
        truth: its name.
        by_seed: outcomes.
        splits: whether seeds are splits of one sample, so that figures have no interval.
    """
    tables = []
    tasks: dict[Task, None] = dict.fromkeys(o.task for part in by_seed for o in part.outcomes)
    for task in tasks:
        found: dict[tuple[str, Role], list[Outcome]] = {}
        for scored in by_seed:
            for outcome in scored.outcomes:
                if outcome.task == task:
                    found.setdefault((outcome.method, outcome.role), []).append(outcome)
        rows = tuple(
            Row(
                method,
                role,
                _finite([o.figures for o in outcomes], splits),
                _finite([o.detail for o in outcomes], splits),
            )
            for (method, role), outcomes in found.items()
        )
        chance = [scored.chance.get(task, {}) for scored in by_seed]
        tables.append(ScoreTable(truth, task, _finite(chance, splits), rows))
    return tables


def notes_on(truth: str, by_seed: Sequence[Scored]) -> list[str]:
    """A note on every method that has a figure that is not finite, as where training diverged."""
    found: dict[str, dict[str, None]] = {}
    for outcome in (o for scored in by_seed for o in scored.outcomes):
        bad = [key for key, value in outcome.figures.items() if not math.isfinite(value)]
        if bad:
            found.setdefault(outcome.method, {}).update(dict.fromkeys(bad))
    return [
        f"{method} on {truth}: {', '.join(keys)} not finite with some seed, so left out"
        for method, keys in found.items()
    ]


def _finite(figures: Sequence[Mapping[str, float]], splits: bool) -> dict[str, Score]:
    """Scores of the figures that are finite with every seed."""
    scores = {k: s for k, s in _scores(figures).items() if all(map(math.isfinite, s.seeds))}
    if splits:
        return {key: Score(score.value, score.seeds) for key, score in scores.items()}
    return scores


def _scores(figures: Sequence[Mapping[str, float]]) -> dict[str, Score]:
    keys = dict.fromkeys(key for one in figures for key in one)
    return {key: over_seeds([one[key] for one in figures if key in one]) for key in keys}


def mean_of(truth: str, parts: Sequence[Scored]) -> Scored:
    """The mean over truths of one seed: of each figure, over the truths where it is defined."""
    found: dict[tuple[Task, str, Role], list[Mapping[str, float]]] = {}
    chance: dict[Task, list[Mapping[str, float]]] = {}
    for part in parts:
        for o in part.outcomes:
            found.setdefault((o.task, o.method, o.role), []).append(o.figures)
        for task, by_measure in part.chance.items():
            chance.setdefault(task, []).append(by_measure)
    outcomes = tuple(
        Outcome(task, method, role, mean_figures(figures))
        for (task, method, role), figures in found.items()
    )
    return Scored(truth, outcomes, {task: mean_figures(parts) for task, parts in chance.items()})


def mean_figures(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure, over the parts where it is defined."""
    return {key: score.value for key, score in _scores(figures).items()}
