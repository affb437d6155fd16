"""Which truths are meant, and jobs in several processes."""

import multiprocessing
from functools import partial

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import PROGRAMS
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.parallel import default_jobs, run_jobs
from microtome.specimen.score.progress import Stages, silent
from microtome.specimen.score.result import Outcome, Scored
from microtome.specimen.score.run import resolve, score_specimens
from tests.specimen.score.conftest import TINY


def job(name: str, options: ScoreOptions, seed: int, stages: Stages) -> Scored:
    """A job that another process can import."""
    if seed == 13:
        raise MicrotomeError("seed 13 brings bad luck")
    figures = {"coverage": seed + options.steps / 1000}
    return Scored(name, (Outcome("concepts", "topk", "dictionary", figures),), {})


def test_all_truths_are_scored_by_default():
    entries, notes = resolve(())
    names = [entry.name for entry in entries]
    assert names[: 1 + len(PROGRAMS)] == ["synthetic", *PROGRAMS]
    assert ("clerk" in names) != any("clerk is not in this install" in note for note in notes)


def test_compiled_means_all_circuits_once():
    entries, notes = resolve(["specimen:sort", "compiled"])
    assert [entry.name for entry in entries] == ["sort", *(n for n in PROGRAMS if n != "sort")]
    assert not notes


def test_an_unknown_truth_names_the_nearest():
    with pytest.raises(MicrotomeError, match=r"unknown truth 'revrse'; did you mean 'reverse'\?"):
        resolve(["revrse"])


@pytest.mark.slow  # processes begin anew: seconds each
def test_jobs_in_processes_are_those_in_one():
    tasks = [(partial(job, name), seed) for name in ("a", "b") for seed in (3, 5)]
    said: list[tuple[str, int, int]] = []
    together = run_jobs(tasks, TINY, 2, lambda *stage: said.append(stage))
    assert together == run_jobs(tasks, TINY, 1)
    assert [scored.truth for scored in together] == ["a", "a", "b", "b"]
    assert said[-1] == ("truths and seeds", 4, 4)
    with pytest.raises(MicrotomeError, match="bad luck"):
        run_jobs([(partial(job, "a"), 13), (partial(job, "a"), 1)], TINY, 2)
    assert not multiprocessing.active_children()
    assert default_jobs() >= 1


def test_a_scoreboard_of_synthetic_activations():
    said: list[str] = []
    board = score_specimens(["synthetic"], TINY, stages=lambda stage, *_: said.append(stage))
    table = board.table("synthetic", "directions")
    by_name = {row.method: row.figures for row in table.rows}
    assert set(by_name) >= {"topk", "batchtopk", "random dictionary", "PCA", "linear probe"}
    random, chance = by_name["random dictionary"]["mcc"].value, table.chance["mcc"].value
    assert random == pytest.approx(chance, abs=0.06)
    assert by_name["shuffled labels"]["coverage"].value < table.chance["coverage"].value + 0.05
    assert by_name["topk"]["coverage"].value < by_name["linear probe"]["coverage"].value
    assert board.config["truths"] == ["synthetic"]
    assert any("training" in stage for stage in said)
    with pytest.raises(KeyError):
        board.table("synthetic", "edges")


def test_the_same_seed_gives_the_same_figures():
    first, again = (score_specimens(["synthetic"], TINY, stages=silent) for _ in range(2))
    assert first.tables == again.tables
