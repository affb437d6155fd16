"""A build is the same atlas however often it was stopped and however many shared the work."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from microtome.artifact import read_manifest
from microtome.artifact.interrupt import Interrupted
from microtome.atlas import AtlasContent, BuildOptions, build_atlas
from microtome.atlas import stages as stages_module
from microtome.atlas.candidates import bytes_per_feature
from microtome.atlas.checkpoint import claim, occupy, unfinished
from microtome.atlas.schema import EXAMPLE_COLUMNS, FEATURE_COLUMNS
from microtome.errors import MicrotomeError
from tests.atlas.builds import (
    FILES,
    OPTIONS,
    account,
    blocks,
    crosscoder,
    dictionary,
    model,
    sae,
    tables,
)
from tests.training.processes import together


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas that was built without a stop."""
    of, out = model(), tmp_path_factory.mktemp("whole") / "atlas"
    content = build_atlas(of, dictionary(of), blocks, out, OPTIONS)
    assert isinstance(content, AtlasContent)
    assert not unfinished(out).exists()
    return out


def same(a: Path, b: Path) -> None:
    for name, table in tables(a).items():
        for column, values in table.items():
            np.testing.assert_equal(values, tables(b)[name][column], f"{name}.{column}")


def test_files_and_manifest(whole: Path):
    of = model()
    expected, vocabulary = account(of, dictionary(of), blocks())
    manifest = read_manifest(whole, "atlas")
    assert set(manifest.files) == {f"{name}.parquet" for name in FILES}
    content = AtlasContent.model_validate(manifest.content)
    assert content.tokens == vocabulary.sum()
    assert content.documents == 42
    assert (content.context, content.window, content.bands) == (18, (3, 2), 2)
    assert [e.first_id for e in content.encoders] == [0, 5, 10]
    assert [e.layer for e in content.encoders] == [0, 1, 2]
    assert content.position_edges == [0, 1, 2, 4, 8, 16]
    assert manifest.inputs == {
        "model": of.fingerprint,
        "dictionary": dictionary(of).fingerprint,
    }
    features = pq.read_table(whole / "features.parquet")
    assert features.schema == FEATURE_COLUMNS
    assert pq.read_schema(whole / "examples.parquet") == EXAMPLE_COLUMNS
    assert features["count"].to_pylist() == list(map(len, expected))
    assert features["id"].to_pylist() == list(range(15))
    assert features["feature"].to_pylist() == [*range(5)] * 3
    examples = tables(whole)["examples"]
    order = list(zip(examples["id"], examples["band"], examples["rank"], strict=True))
    assert order == sorted(order)
    texts = tables(whole)["vocabulary"]
    assert texts["count"] == vocabulary.tolist()
    assert texts["text"][10] == of.token_string(10)


def test_neighbours_are_ids_over_all_encoders(whole: Path):
    of = model()
    made, table = dictionary(of), tables(whole)["features"]
    weights = torch.cat([encoder.weight for encoder in made.encoders])
    unit = weights / weights.norm(dim=1, keepdim=True)
    cosines = (unit @ unit.T).fill_diagonal_(-2)
    for feature in range(15):
        best = cosines[feature].topk(3)
        assert table["encoder_neighbours"][feature] == best.indices.tolist()
        assert table["encoder_cosines"][feature] == pytest.approx(best.values.tolist(), abs=1e-6)


def test_features_that_never_fired_are_not_on_the_map(tmp_path: Path):
    of = model()
    made = dictionary(of)
    threshold = made.encoders[1].activation.threshold
    assert threshold is not None
    threshold[2:4] = 1e6
    build_atlas(of, made, blocks, tmp_path / "atlas", OPTIONS)
    found = tables(tmp_path / "atlas")
    counts = found["features"]["count"]
    assert counts[7] == counts[8] == 0
    assert found["map"]["id"] == [i for i in range(15) if counts[i]]
    assert np.isfinite(found["map"]["x"]).all()
    warnings = read_manifest(tmp_path / "atlas").content["warnings"]
    assert f"{counts.count(0)} of 15 features were never active" in warnings


@pytest.mark.parametrize("make", [sae, crosscoder])
def test_every_kind_of_dictionary(make, tmp_path: Path):
    of, made = model(), make()
    content = build_atlas(of, made, blocks, tmp_path / "atlas", OPTIONS)
    expected, vocabulary = account(of, made, blocks())
    assert content is not None
    assert content.dictionary_kind == made.kind
    assert content.encoders[0].reads == list(made.reads)
    found = tables(tmp_path / "atlas")["features"]
    assert found["count"] == list(map(len, expected))
    assert content.tokens == vocabulary.sum()
    assert all(len(row) == 3 for row in found["top_tokens"])
    if not made.skip_first:
        assert max(shares[0] for shares in found["positions"]) > 0


def test_a_crosscoder_of_two_models(tmp_path: Path):
    of, other, made = model(), model(), crosscoder(two_models=True)
    with torch.no_grad():
        for parameter in other.hf.parameters():
            parameter.mul_(1.1)
    with pytest.raises(MicrotomeError, match="pass --other"):
        build_atlas(of, made, blocks, tmp_path / "atlas", OPTIONS)
    build_atlas(of, made, blocks, tmp_path / "atlas", OPTIONS, other=other)
    assert read_manifest(tmp_path / "atlas").inputs["other"] == other.fingerprint
    counts, site = torch.zeros(9, dtype=torch.long), "blocks.1.resid.post"
    for block in blocks():
        both = [one.capture(block, [site]).popitem()[1] for one in (of, other)]
        x = torch.cat(both, -1)[:, 1:].flatten(0, 1)
        counts += (made.encoders[0].encode(x).dense() > 0).sum(0)
    assert tables(tmp_path / "atlas")["features"]["count"] == counts.tolist()


class _Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("at", [1, 5, 14])
def test_a_killed_build_goes_on_to_the_same_atlas(whole: Path, tmp_path: Path, at: int):
    of, out = model(), tmp_path / "atlas"
    made = dictionary(of)
    seen = 0

    def kill(stage: str, done: int, total: int) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise _Killed

    options = replace(OPTIONS, checkpoint_seconds=0.0)
    with pytest.raises(_Killed):
        build_atlas(of, made, blocks, out, options, kill)
    assert not out.exists()
    left = unfinished(out) / "0-of-1"
    assert len(list(left.glob("checkpoint-*"))) == (1 if at > 1 else 0)
    build_atlas(of, made, blocks, out, replace(OPTIONS, checkpoint_seconds=1e9))
    same(whole, out)
    assert [path.name for path in tmp_path.iterdir()] == ["atlas"]


def test_a_kill_while_a_checkpoint_is_written_loses_nothing(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    of, out = model(), tmp_path / "atlas"
    made, saved = dictionary(of), 0
    real = np.save

    def save(file, array, **named) -> None:
        nonlocal saved
        saved += 1
        if saved == 100:
            file.write(b"half")
            raise _Killed
        real(file, array, **named)

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(_Killed):
        build_atlas(of, made, blocks, out, replace(OPTIONS, checkpoint_seconds=0.0))
    assert len(list((unfinished(out) / "0-of-1").glob("checkpoint-*"))) == 1
    build_atlas(of, made, blocks, out, OPTIONS)
    same(whole, out)


def test_a_signal_saves_what_is_collected(whole: Path, tmp_path: Path):
    of, out = model(), tmp_path / "atlas"
    made, calls = dictionary(of), []

    def interrupt(stage: str, done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="same command goes on") as stop:
        build_atlas(of, made, blocks, out, OPTIONS, interrupt)
    assert stop.value.signal_number == signal.SIGINT
    first = calls[-1]
    calls.clear()
    build_atlas(of, made, blocks, out, OPTIONS, lambda stage, done, total: calls.append(done))
    assert calls[0] > first
    same(whole, out)


def test_a_finished_pass_and_finished_stages_are_not_repeated(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    of, out = model(), tmp_path / "atlas"
    made = dictionary(of)

    def fail(*_):
        raise _Killed

    with monkeypatch.context() as patch, pytest.raises(_Killed):
        patch.setattr(stages_module, "label_columns", fail)
        build_atlas(of, made, blocks, out, OPTIONS)
    stages: list[str] = []
    build_atlas(of, made, blocks, out, OPTIONS, lambda stage, *_: stages.append(stage))
    assert set(stages) == {"labels", "writing"}
    same(whole, out)


def test_an_unfinished_build_of_something_else_is_refused(tmp_path: Path):
    of, out = model(), tmp_path / "atlas"
    made = dictionary(of)

    def kill(*_) -> None:
        if (unfinished(out) / "0-of-1" / "checkpoint-000000000").exists():
            raise _Killed

    with pytest.raises(_Killed):
        build_atlas(of, made, blocks, out, replace(OPTIONS, checkpoint_seconds=0.0), kill)
    with pytest.raises(MicrotomeError, match="another options: examples"):
        build_atlas(of, made, blocks, out, replace(OPTIONS, examples=5))
    with pytest.raises(MicrotomeError, match="another inputs: dictionary"):
        build_atlas(of, dictionary(of, "relu"), blocks, out, OPTIONS)
    for other in (lambda: blocks(seed=1), lambda: blocks(n=1, rows=2)):
        with pytest.raises(MicrotomeError, match="corpus is not the one"):
            build_atlas(of, made, other, out, OPTIONS)
    build_atlas(of, made, blocks, out, replace(OPTIONS, memory_gb=3.0))


def test_a_build_that_collected_nothing_is_in_nobodys_way(whole: Path, tmp_path: Path):
    of, out = model(), tmp_path / "atlas"
    with pytest.raises(MicrotomeError, match="no token of the corpus counts"):
        build_atlas(of, dictionary(of), lambda: iter(()), out, OPTIONS)
    assert not unfinished(out).exists()
    occupy(unfinished(out))  # as kill -9 leaves it before the first checkpoint
    claim(unfinished(out), {"options": "others"})
    build_atlas(of, dictionary(of), blocks, out, OPTIONS)
    same(whole, out)


def test_outputs_that_exist(whole: Path, tmp_path: Path):
    of = model()
    made = dictionary(of)
    with pytest.raises(MicrotomeError, match="exists; pass --force"):
        build_atlas(of, made, blocks, whole, OPTIONS)
    out = tmp_path / "atlas"
    (tmp_path / "atlas.building").mkdir()
    (tmp_path / "atlas.building" / "notes.txt").write_text("mine")
    with pytest.raises(MicrotomeError, match="no unfinished atlas"):
        build_atlas(of, made, blocks, out, OPTIONS)
    assert (tmp_path / "atlas.building" / "notes.txt").read_text() == "mine"


def test_what_does_not_fit_is_refused(tmp_path: Path):
    of, out = model(), tmp_path / "atlas"
    made = dictionary(of)
    with pytest.raises(MicrotomeError, match="fingerprint"):
        build_atlas(of, replace(made, model="other"), blocks, out, OPTIONS)
    with pytest.raises(MicrotomeError, match="pass --other"):
        reads = ("other:blocks.0.mlp.in", *made.reads[1:])
        build_atlas(of, replace(made, reads=reads), blocks, out, OPTIONS)
    with pytest.raises(MicrotomeError, match=r"no token .* counts"):
        build_atlas(of, made, lambda: [torch.ones(3, 5, dtype=torch.long)] * 0, out, OPTIONS)
    assert not out.exists()


def test_memory_is_refused_with_what_would_fit(tmp_path: Path):
    of, out = model(), tmp_path / "atlas"
    room = 15 * bytes_per_feature(OPTIONS) / 1e9
    build_atlas(of, dictionary(of), blocks, tmp_path / "fits", replace(OPTIONS, memory_gb=room))
    with pytest.raises(MicrotomeError, match=r"15 features needs .* --examples 4 .* would fit"):
        build_atlas(of, dictionary(of), blocks, out, replace(OPTIONS, memory_gb=room * 0.9))
    with pytest.raises(MicrotomeError, match=r"that holds 0 features; raise --memory-gb"):
        build_atlas(of, dictionary(of), blocks, out, replace(OPTIONS, memory_gb=1e-6))
    assert not unfinished(out).exists()


@pytest.mark.parametrize("memory_gb", [float("nan"), 0.0, -1.0])
def test_no_memory_at_all(memory_gb: float):
    with pytest.raises(MicrotomeError, match=r"memory_gb is .* more than 0"):
        BuildOptions(memory_gb=memory_gb)


@pytest.mark.parametrize("name", ["examples", "sample", "context", "tokens", "before"])
def test_options_out_of_range(name: str):
    with pytest.raises(MicrotomeError, match=f"{name} is -1; it must be"):
        BuildOptions(**{name: -1})


ALONE = """
import os
from dataclasses import replace
from pathlib import Path
from microtome.atlas import build_atlas
from tests.atlas.builds import OPTIONS, blocks, dictionary, model
of, options = model(), replace(OPTIONS, checkpoint_seconds=0.0)
many = lambda: blocks(n=40)
build_atlas(of, dictionary(of), many, Path(os.environ["FOLDER"]) / "atlas", options)
"""


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again(tmp_path: Path):
    of, out, whole = model(), tmp_path / "atlas", tmp_path / "whole"
    build_atlas(of, dictionary(of), lambda: blocks(n=40), whole, OPTIONS)
    (tmp_path / "script.py").write_text(ALONE)
    environment = os.environ | {"FOLDER": str(tmp_path), "OMP_NUM_THREADS": "1"}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2])}
    command, left = [sys.executable, str(tmp_path / "script.py")], unfinished(out) / "0-of-1"
    for kill in (5, 30, 70):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        while max(_numbers(left), default=0) < kill and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors.decode()
        assert not out.exists()
    subprocess.run(command, env=environment, check=True)
    same(whole, out)


def _numbers(folder: Path) -> list[int]:
    return [int(path.name[-9:]) for path in folder.glob("checkpoint-*")]


SHARED = """
import os
from pathlib import Path
from microtome.atlas import build_atlas
from microtome.training.distributed import close_mesh, open_mesh
from tests.atlas.builds import OPTIONS, blocks, dictionary, model
mesh = open_mesh(1, "cpu")
of = model()
content = build_atlas(of, dictionary(of), blocks, Path(os.environ["FOLDER"]) / "atlas", OPTIONS)
assert (content is not None) == mesh.first
close_mesh(mesh)
"""


@pytest.mark.slow
def test_two_processes_build_the_same_atlas(whole: Path, tmp_path: Path):
    together(SHARED, tmp_path)
    same(whole, tmp_path / "atlas")
    assert not unfinished(tmp_path / "atlas").exists()
