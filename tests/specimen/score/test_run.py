"""Which truths are meant, and jobs in several processes."""

import json
import multiprocessing
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import PROGRAMS
from microtome.specimen.score.compiled import Circuit
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.parallel import default_jobs, run_jobs
from microtome.specimen.score.progress import Stages, silent
from microtome.specimen.score.result import Outcome, Scored
from microtome.specimen.score.run import resolve, score_specimens
from microtome.specimen.score.save import to_json
from microtome.specimen.truth import Truth, Variable, save_truth
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


def test_as_many_processes_as_cores_and_four_at_most(monkeypatch: pytest.MonkeyPatch):
    for usable, expected in ((1, 1), (3, 3), (64, 4)):
        cores = set(range(usable))
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: cores, raising=False)
        assert default_jobs() == expected


@pytest.fixture
def world(tmp_path: Path) -> str:
    """The folder of a truth that has labels, and no model beside it."""
    variable = Variable(name="even", site="embed", values=["yes", "no"], labels="even")
    tokens = torch.arange(12, dtype=torch.int32).view(3, 4)
    truth = Truth(specimen="tiny", kind="world", variables=[variable])
    tensors = {"tokens": tokens, "even": (tokens % 2).to(torch.int16)}
    save_truth(truth, tensors, tmp_path / "tiny")
    return str(tmp_path / "tiny")


def test_a_model_is_for_folders_alone(world: str):
    entries, _ = resolve(["sort", "clerk", world], model="mine")
    assert [entry.kind for entry in entries] == ["compiled", "world", "world"]
    assert [getattr(entry.job, "model", None) for entry in entries] == [None, None, "mine"]
    for truths in ((), ["sort"], ["clerk/hidden", "synthetic"]):
        with pytest.raises(MicrotomeError, match=r"--model .* no truth is a folder; leave it"):
            resolve(truths, model="mine")


def test_a_circuit_in_a_folder_is_not_trained_for(circuit: Circuit, tmp_path: Path):
    save_truth(circuit.truth, dict(circuit.tensors), tmp_path / "truth")
    with pytest.raises(MicrotomeError, match=r"one compiled circuit: .*--dictionary, --graph"):
        resolve([str(tmp_path / "truth")])


def test_names_mean_specimens_before_folders(
    world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(world, "sort")
    entries, _ = resolve(["sort", "./sort", "tiny", "clerk/hidden/truth"])
    found = [(entry.name, entry.kind) for entry in entries]
    assert found[:3] == [("sort", "compiled"), ("./sort", "world"), ("tiny", "world")]
    assert found[3] == ("clerk/hidden", "world")
    with pytest.raises(MicrotomeError, match="sort/model is a model, not a truth"):
        resolve(["sort/model"])
    with pytest.raises(MicrotomeError, match=r"did you mean 'compiled'\?"):
        resolve(["compild"])


def test_a_figure_that_is_not_finite_is_absent_with_a_note(monkeypatch: pytest.MonkeyPatch):
    def diverged(options: ScoreOptions, seed: int, stages: Stages) -> Scored:
        value = float("nan") if seed else 0.5
        figures = {"coverage": value, "l0": 6.0}
        return Scored("synthetic", (Outcome("directions", "relu", "dictionary", figures),), {})

    monkeypatch.setattr("microtome.specimen.score.synthetic.score_synthetic", diverged)
    board = score_specimens(["synthetic"], replace(TINY, seeds=(0, 1)))
    (row,) = board.table("synthetic", "directions").rows
    assert set(row.figures) == {"l0"}
    assert board.notes == ("relu on synthetic: coverage not finite with some seed, so left out",)
    json.dumps(to_json(board), allow_nan=False)


def test_a_scoreboard_of_synthetic_activations():
    said: list[str] = []
    board = score_specimens(["synthetic"], TINY, stages=lambda stage, *_: said.append(stage))
    table = board.table("synthetic", "directions")
    by_name = {row.method: row.figures for row in table.rows}
    assert set(by_name) >= {"topk", "batchtopk", "random dictionary", "PCA", "linear probe"}
    assert not {"mcc", "unique"} & set(by_name["PCA"])
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
