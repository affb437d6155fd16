"""Two processes are one: loss and gradients, whether they split the features or the data."""

from pathlib import Path

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.training.distributed import open_mesh
from microtome.training.loss import loss_of
from tests.training.coders import VARIANTS, batch, coder, recipe
from tests.training.processes import results, together

CASES = [("sae", variant) for variant in VARIANTS] + [("clt", "topk"), ("clt", "batchtopk")]
CASES += [("skip", "batchtopk"), ("crosscoder", "jumprelu target")]

STEP = """
import os
from pathlib import Path
import torch
from microtome.training.distributed import close_mesh, open_mesh
from microtome.training.loss import loss_of
from tests.training.coders import batch, coder, recipe
from tests.training.test_distributed import CASES, dead_of

mesh = open_mesh(FEATURE_PARALLEL)
found = {}
for kind, variant in CASES:
    for dead_share in (0, 1):
        of = coder(recipe(kind, variant, dead="aux"), mesh=mesh)
        x, truth = batch(of)
        n = len(truth) // mesh.data_size
        mine = slice(mesh.data_rank * n, (mesh.data_rank + 1) * n)
        dead = [d[mesh.shard(of.recipe.features)] for d in dead_of(of.recipe, dead_share)]
        loss = loss_of(of, of([v[mine] for v in x]), truth[mine], 0.7, dead)
        loss.total.backward()
        mesh.mean_gradients(list(of.parameters()))
        key = f"{kind} {variant} {dead_share}"
        found[f"{key}/reconstruction"] = mesh.mean_data(loss.reconstruction)
        for name, parameter in of.named_parameters():
            gradient = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
            whole = gradient if of.is_shared(name) else mesh.whole(gradient)
            found[f"{key}/{name}"] = whole
torch.save(found, Path(os.environ["FOLDER"]) / f"rank-{os.environ['RANK']}.pt")
mesh.barrier()
close_mesh(mesh)
"""


def dead_of(of, share: int) -> list[torch.Tensor]:
    """Every second feature of the first half dead (with split features one process has all of
    them), or none; one mask for each encoder."""
    mask = torch.zeros(of.features, dtype=torch.bool)
    mask[: of.features // 2 : 2] = bool(share)
    return [mask] * (1 if of.kind == "crosscoder" else 3)


@pytest.mark.parametrize(
    "feature_parallel",
    [
        pytest.param(2, id="features split"),
        pytest.param(1, marks=pytest.mark.slow, id="data split"),
    ],
)
def test_two_processes_are_one(tmp_path: Path, feature_parallel: int):
    together(STEP.replace("FEATURE_PARALLEL", str(feature_parallel)), tmp_path)
    found = results(tmp_path)
    assert len(found) == 2
    for kind, variant in CASES:
        for share in (0, 1):
            of = coder(recipe(kind, variant, dead="aux"))
            x, truth = batch(of)
            loss = loss_of(of, of(x), truth, 0.7, dead_of(of.recipe, share))
            loss.total.backward()
            key = f"{kind} {variant} {share}"
            for rank in found:
                assert torch.allclose(rank[f"{key}/reconstruction"], loss.reconstruction, rtol=1e-6)
                for name, parameter in of.named_parameters():
                    expected = parameter.grad
                    expected = torch.zeros_like(parameter) if expected is None else expected
                    largest = float(expected.abs().max())
                    error = float((rank[f"{key}/{name}"] - expected).abs().max())
                    assert error <= 1e-6 * max(largest, 1e-3), (key, name, error, largest)


TRAIN = """
import os, signal
from pathlib import Path
from microtome.data.batches import MemoryBatches
from microtome.dictionary import save_dictionary
from microtome.training import Trainer, train_on
from microtome.training.distributed import close_mesh, open_mesh
from tests.training.test_trainer import data, recipe

folder = Path(os.environ["FOLDER"])
of = recipe({"kind": "clt", "architecture": "ARCHITECTURE"}, checkpoint_every=20,
            feature_parallel=FEATURE_PARALLEL)
mesh = open_mesh(of.feature_parallel)
batches = MemoryBatches(data(), 0, mesh.data_rank, mesh.data_size)
mark = folder / "killed"

def report(progress):
    if KILL and progress.step == 40 and not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)

found = train_on(batches, of, 2, "m", folder / "run", report, mesh)
if mesh.first:
    save_dictionary(found["clt-ARCHITECTURE"], folder / "made")
mesh.barrier()
close_mesh(mesh)
"""


def trained(folder: Path, architecture: str, feature_parallel: int, kill: bool, **torchrun) -> str:
    from microtome.dictionary import load_dictionary

    script = TRAIN.replace("ARCHITECTURE", architecture).replace("KILL", str(kill))
    folder.mkdir(exist_ok=True)
    together(script.replace("FEATURE_PARALLEL", str(feature_parallel)), folder, **torchrun)
    return load_dictionary(folder / "made").fingerprint


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "feature_parallel"), [("batchtopk", 2), ("jumprelu", 1)])
def test_a_killed_rank_restarts_from_the_last_checkpoint(tmp_path, architecture, feature_parallel):
    whole = trained(tmp_path / "whole", architecture, feature_parallel, False)
    killed = trained(tmp_path / "killed", architecture, feature_parallel, True, max_restarts="2")
    assert (tmp_path / "killed" / "killed").exists()
    assert killed == whole


@pytest.mark.slow
def test_a_checkpoint_of_two_processes_goes_on_in_one(tmp_path):
    """Parts of the features are put together again, exactly."""
    from microtome.data.batches import MemoryBatches
    from microtome.training import Trainer
    from tests.training.test_trainer import data
    from tests.training.test_trainer import recipe as run_recipe

    trained(tmp_path, "batchtopk", 2, False)
    of = run_recipe({"kind": "clt"}, checkpoint_every=20)
    alone = Trainer(MemoryBatches(data()), of, 2, tmp_path / "run")
    assert alone.done == of.steps
    from microtome.dictionary import load_dictionary

    made = load_dictionary(tmp_path / "made")
    assert alone.learners[0].dictionary("m").fingerprint == made.fingerprint


def test_processes_that_cannot_be_split(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(MicrotomeError, match="feature_parallel = 2 does not divide the 3"):
        open_mesh(2)
