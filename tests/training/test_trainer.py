"""A run: it learns, repeats from its seed, resumes exactly, and fails without loss."""

import json
import os
import signal

import pytest
import torch

from microtome.data.batches import MemoryBatches
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.training import ARCHITECTURES, Interrupted, Recipe, Trainer, make_recipe, train_on
from microtome.training.checkpoint import checkpoints

LAYERS, WIDTH = 2, 12


def data(n: int = 800, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for i in range(LAYERS):
        x = torch.randn(n, WIDTH, generator=generator) * (i + 1) + i
        found |= {f"blocks.{i}.mlp.in": x, f"blocks.{i}.mlp.out": torch.tanh(x) * 2 - 0.5}
        found[f"blocks.{i}.resid.post"] = x + 1
    return found


def recipe(*dictionaries: dict, **more) -> Recipe:
    small = {"features": 24, "k": 4, "initial_l0": 6, "learning_rate": 5e-3, "sparsity": 0.01}
    run = {"steps": 60, "batch_size": 32, "warmup": 2, "tensorboard": False, "report_every": 10}
    tables = [small | one for one in dictionaries or ({"kind": "plt"},)]
    return make_recipe(run | {"dictionary": tables} | more)


def run(of: Recipe, folder=None, report=None, seed: int = 0) -> dict[str, Dictionary]:
    return train_on(MemoryBatches(data(), seed), of, LAYERS, "m", folder, report)


EVERY = [("clt", a) for a in ARCHITECTURES] + [(k, "batchtopk") for k in ("sae", "crosscoder")]
# every architecture compiles loops of its own, which takes longer than the training
SOME = [
    pytest.param(k, a, marks=[] if a in ("jumprelu", "batchtopk") else pytest.mark.slow)
    for k, a in EVERY
]


@pytest.mark.parametrize(("kind", "architecture"), SOME)
def test_training_lowers_the_error_and_repeats_from_its_seed(kind: str, architecture: str):
    of = recipe({"kind": kind, "architecture": architecture}, steps=100)
    seen = []
    made = run(of, report=seen.append)
    name = f"{kind}-{architecture}"
    first, last = seen[0].figures[name], seen[-1].figures[name]
    assert last.mean_fvu < 0.8 * first.mean_fvu
    again = run(of)
    assert again[name].fingerprint == made[name].fingerprint
    other = run(of.model_copy(update={"seed": 1}))
    assert other[name].fingerprint != made[name].fingerprint
    assert made[name].kind == kind
    assert made[name].model == "m"


@pytest.mark.parametrize(("kind", "architecture"), EVERY)
def test_the_dictionary_does_on_raw_activations_what_was_trained(kind: str, architecture: str):
    """Means, sizes and thresholds are folded: codes and reconstructions agree."""
    rows = data()
    trainer = Trainer(MemoryBatches(rows), recipe({"kind": kind, "architecture": architecture}), 2)
    with trainer:
        trainer.train()
    learner = trainer.learners[0]
    coder, layout = learner.coder.eval(), learner.layout
    scaled = {site: trainer.scales[site].apply(rows[site]) for site in layout.sites}
    x = [scaled[site] for site in layout.reads]
    dictionary = learner.dictionary()
    codes = dictionary.encode([rows[site] for site in layout.reads])
    with torch.no_grad():
        for i in range(coder.n_encoders):
            read = coder._read(i, x)
            weight, bias, activation = coder.rule(i).fold(
                coder.encoders[i], coder.encoder_biases[i]
            )
            pre = read @ weight.T + bias
            expected = pre * activation.active(pre)
            # a value within rounding of a threshold may fall on either side
            same = (codes[i].dense() - expected).abs() < 1e-3
            assert same.float().mean() > 0.999
    values = dictionary.reconstruct([rows[site] for site in layout.reads], codes)
    with torch.no_grad():
        decoded = coder.decode(list(codes), [c.values for c in codes]) + coder.decoder_bias
    for j, site in enumerate(layout.writes):
        scale = trainer.scales[site]
        expected = decoded[:, j * WIDTH : (j + 1) * WIDTH] * scale.size + scale.mean
        assert torch.allclose(values[j], expected, atol=1e-3)


def test_many_dictionaries_from_one_pass_are_those_trained_alone():
    tables = [{"kind": "plt", "name": "a"}, {"kind": "sae", "name": "b", "architecture": "relu"}]
    together = run(recipe(*tables))
    for table in tables:
        name = table["name"]
        assert run(recipe(table))[name].fingerprint == together[name].fingerprint


@pytest.mark.parametrize("architecture", ["batchtopk", "jumprelu", "gated", "topk"])
def test_a_run_that_stopped_goes_on_exactly(tmp_path, architecture: str):
    of = recipe({"architecture": architecture}, {"kind": "clt"}, checkpoint_every=25)
    whole = run(of)
    with Trainer(MemoryBatches(data()), of, LAYERS, tmp_path / "run") as trainer:
        for _ in range(25):
            trainer.step()
        trainer.save()
        for _ in range(9):
            trainer.step()  # lost with the process
    resumed = run(of, tmp_path / "run")
    for name, dictionary in whole.items():
        assert resumed[name].fingerprint == dictionary.fingerprint


def test_a_signal_saves_and_the_same_call_goes_on(tmp_path):
    of = recipe(checkpoint_every=1000)

    def report(progress) -> None:
        if progress.step == 20:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted) as stop:
        run(of, tmp_path / "run", report)
    assert stop.value.signal_number == signal.SIGTERM
    assert [step for step, _ in checkpoints(tmp_path / "run")] == [stop.value.step]
    assert run(of, tmp_path / "run")["plt-batchtopk"].fingerprint == (
        run(of)["plt-batchtopk"].fingerprint
    )


def test_metrics_read_as_if_never_interrupted(tmp_path):
    of = recipe(checkpoint_every=20)
    with Trainer(MemoryBatches(data()), of, LAYERS, tmp_path / "run") as trainer:
        for _ in range(20):
            trainer.step()
        trainer._report(1.0, None)
        trainer.save()
        for _ in range(10):
            trainer.step()
        trainer._report(1.0, None)
    with (tmp_path / "run" / "metrics.jsonl").open("ab") as file:
        file.write(b'[1]\n\xff\n{"step": "x"}\n')  # somebody else's
        file.write(b'{"step": 4')  # killed while writing
    run(of, tmp_path / "run")
    lines = [
        json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["step"] for line in lines] == [20, 30, 40, 50, 60]
    assert lines[-1]["plt-batchtopk"]["fvu"].keys() == {f"blocks.{i}.mlp.out" for i in (0, 1)}
    assert lines[-1]["tokens"] == 60 * 32


def test_tensorboard_has_the_same_figures(tmp_path):
    run(recipe(tensorboard=True), tmp_path / "run")
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


def test_a_run_folder_of_another_recipe_is_refused(tmp_path):
    run(recipe(), tmp_path / "run")
    with pytest.raises(MicrotomeError, match="another steps"):
        run(recipe(steps=61), tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(MicrotomeError, match="is not a training run"):
        run(recipe(), tmp_path / "full")


def test_a_damaged_checkpoint_is_named(tmp_path):
    of = recipe(checkpoint_every=20)
    run(of, tmp_path / "run")
    _, path = checkpoints(tmp_path / "run")[-1]
    file = next(path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(MicrotomeError, match=path.name):
        run(of, tmp_path / "run")


def test_a_checkpoint_without_its_tensors_is_named(tmp_path):
    run(recipe(), tmp_path / "run")
    _, path = checkpoints(tmp_path / "run")[-1]
    for file in path.iterdir():
        file.unlink()
    for _ in range(2):  # the first refusal leaves nothing behind that would change the second
        with pytest.raises(MicrotomeError, match=f"{path.name} cannot be read .*; remove it"):
            run(recipe(), tmp_path / "run")


def test_a_run_goes_on_only_with_the_model_and_corpus_that_it_was_begun_with(tmp_path):
    def again(model: str, corpus: str):
        batches = MemoryBatches(data())
        train_on(batches, recipe(), LAYERS, model, tmp_path / "run", corpus=corpus)

    again("m", "c")
    again("m", "c")
    again("m", "")  # a store can outlive its corpus
    with pytest.raises(MicrotomeError, match=r"another inputs.model \('m', now 'n'\)"):
        again("n", "c")
    with pytest.raises(MicrotomeError, match=r"another inputs.corpus"):
        again("m", "d")


@pytest.mark.parametrize("content", [b"\xff", b"", b"[1]", b'{"dictionary": 3}'])
def test_a_damaged_recipe_in_the_folder_is_named(tmp_path, content: bytes):
    run(recipe(), tmp_path / "run")
    (tmp_path / "run" / "recipe.json").write_bytes(content)
    with pytest.raises(MicrotomeError, match="run"):
        run(recipe(), tmp_path / "run")


def test_a_run_killed_at_its_very_beginning_begins_again(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".recipe.json").write_text("{")
    assert run(recipe(), tmp_path / "run")


def test_two_processes_do_not_write_one_run(tmp_path):
    with (
        Trainer(MemoryBatches(data()), recipe(), LAYERS, tmp_path / "run"),
        pytest.raises(MicrotomeError, match="another process is writing"),
    ):
        run(recipe(), tmp_path / "run")
    assert run(recipe(), tmp_path / "run")


def test_activations_that_are_not_finite_name_their_site_and_keep_the_checkpoint(tmp_path):
    of = recipe(checkpoint_every=10)
    trainer = Trainer(MemoryBatches(data()), of, LAYERS, tmp_path / "run")
    for _ in range(10):
        trainer.step()
    trainer.save()
    trainer.batches._activations["blocks.1.mlp.in"].fill_(float("nan"))  # pyright: ignore
    before = [p.clone() for p in trainer.learners[0].coder.parameters()]
    with pytest.raises(MicrotomeError, match=r"blocks\.1\.mlp\.in are not finite at step 10"):
        trainer.step()
    for parameter, kept in zip(trainer.learners[0].coder.parameters(), before, strict=True):
        assert torch.equal(parameter, kept)
    assert [step for step, _ in checkpoints(tmp_path / "run")] == [10]


def test_a_loss_that_is_not_finite_names_the_site():
    trainer = Trainer(MemoryBatches(data()), recipe(), LAYERS)
    trainer.step()
    with torch.no_grad():
        trainer.learners[0].coder.decoders[1].fill_(float("inf"))
    with pytest.raises(MicrotomeError, match=r"not finite at step 1, first at blocks\.1\.mlp\.out"):
        trainer.step()


def test_parameters_that_are_not_finite_are_not_saved(tmp_path):
    trainer = Trainer(MemoryBatches(data()), recipe(), LAYERS, tmp_path / "run")
    trainer.step()
    trainer.save()
    with torch.no_grad():
        trainer.learners[0].coder.encoders[1][0, 0] = float("nan")
    with pytest.raises(MicrotomeError, match=r"encoder of blocks\.1\.mlp\.in are not finite"):
        trainer.save()
    assert len(checkpoints(tmp_path / "run")) == 1


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    with Trainer(MemoryBatches(data()), recipe(), LAYERS, tmp_path / "run") as trainer:
        trainer.step()
        trainer.save()

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("microtome.training.checkpoint.save", full)
        trainer.step()
        with pytest.raises(MicrotomeError, match=r"No space left on device; the last one, of step"):
            trainer.save()
        monkeypatch.undo()
    assert [path.name for path in (tmp_path / "run").glob("*checkpoint*")] == [
        "checkpoint-000000001"
    ]
    with Trainer(MemoryBatches(data()), recipe(), LAYERS, tmp_path / "run") as resumed:
        assert resumed.done == 1


def test_metrics_that_cannot_be_written_are_named(tmp_path):
    with Trainer(MemoryBatches(data()), recipe(), LAYERS, tmp_path / "run") as trainer:
        (tmp_path / "run" / "metrics.jsonl").mkdir()
        trainer.step()
        with pytest.raises(MicrotomeError, match=r"cannot write .*metrics\.jsonl: Is a directory"):
            trainer._report(1.0, None)


def test_data_without_a_site_is_refused():
    with pytest.raises(MicrotomeError, match=r"needs activations at blocks\.2\.mlp\.in"):
        train_on(MemoryBatches(data()), recipe({"kind": "plt"}), 3)
