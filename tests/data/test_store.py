"""The store: resumable whenever it is killed, damaged shards named, batches resumed exactly."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.artifact import locked
from microtome.data import (
    ActivationSource,
    ActivationStore,
    Batches,
    TokenPolicy,
    buckets,
    harvest_all,
    write_store,
)
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from tests.model.families import tiny_model

SITES = ["blocks.0.mlp.in", "blocks.1.resid.post"]


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return tiny_model("llama", torch.float32)


@pytest.fixture(autouse=True)
def _small_commits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(buckets, "COMMIT_BYTES", 4000)


@pytest.fixture(scope="module")
def blocks() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randint(3, 40, (4, 6), generator=generator) for _ in range(6)]


@pytest.fixture
def source(model: LanguageModel, blocks: list[torch.Tensor]) -> ActivationSource:
    return ActivationSource(model, lambda: blocks, SITES, tokens_at_once=12)


def _write(path: Path, source: ActivationSource, **options) -> Path:
    write_store(path, source, **({"rows": 100, "shard_rows": 30, "seed": 2} | options))
    return path


def _shards(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.glob("shard-*"))}


def _sorted(x: torch.Tensor) -> torch.Tensor:
    return x[x[:, 0].argsort()]


def test_a_store_holds_every_row_once_in_random_order(tmp_path: Path, source: ActivationSource):
    path = _write(tmp_path / "store", source)
    store = ActivationStore(path)
    assert isinstance(store, Batches)
    assert store.sites == tuple(SITES)
    assert store.policy == TokenPolicy()
    assert len(store) == 100
    assert len(_shards(path)) == 4
    direct = harvest_all(source.model, source.blocks(), SITES, max_tokens=100, tokens_at_once=12)
    for _ in range(2):
        rows = store.next(100)
        for site in SITES:
            assert not torch.equal(rows[site], direct[site])
            assert torch.equal(_sorted(rows[site]), _sorted(direct[site]))
        together = torch.cat([rows[site] for site in SITES], 1)
        assert torch.equal(
            _sorted(together), _sorted(torch.cat([direct[site] for site in SITES], 1))
        )
    assert store.epoch == 1
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_the_corpus_may_end_before_the_store_is_full(tmp_path: Path, source: ActivationSource):
    store = ActivationStore(_write(tmp_path / "store", source, rows=10_000))
    assert len(store) == 6 * 4 * 5
    with pytest.raises(MicrotomeError, match="no token that counts"):
        _write(
            tmp_path / "empty",
            ActivationSource(source.model, lambda: [torch.full((2, 1), 5)], SITES),
        )
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes(tmp_path: Path, source: ActivationSource, dtype: torch.dtype):
    path = _write(tmp_path / "store", source, dtype=dtype)
    assert {x.dtype for x in load_file(next(path.glob("shard-*"))).values()} == {dtype}
    rows = ActivationStore(path).next(100)[SITES[0]]
    direct = harvest_all(source.model, source.blocks(), SITES[:1], max_tokens=100)[SITES[0]]
    assert rows.dtype == torch.float32
    assert torch.allclose(_sorted(rows).mean(0), direct.to(dtype).float().mean(0), atol=1e-3)


class _Killed(BaseException):
    """Stands for kill -9: nothing of the writer's runs after it."""


def _kill_at(monkeypatch: pytest.MonkeyPatch, moment: int, error: BaseException | None = None):
    """Fail at the n-th of all syncs and renames."""
    left = moment

    def counted(function):
        def call(*args, **options):
            nonlocal left
            left -= 1
            if not left:
                raise error or _Killed
            return function(*args, **options)

        return call

    monkeypatch.setattr(os, "fsync", counted(os.fsync))
    monkeypatch.setattr(os, "link", counted(os.link))
    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


def _nothing_is_readable(folder: Path) -> None:
    for path in (folder / "store", *folder.glob(".store*")):
        with pytest.raises(MicrotomeError):
            ActivationStore(path)


def _same_store(path: Path, other: Path) -> None:
    assert _shards(path) == _shards(other)
    a, b = (json.loads((p / "manifest.json").read_text()) for p in (path, other))
    assert all(a[field] == b[field] for field in ("content", "inputs", "config"))


def test_a_store_killed_at_any_moment_is_resumed_bit_for_bit(
    tmp_path: Path, source: ActivationSource
):
    options = {"rows": 50}
    whole = _write(tmp_path / "whole", source, **options)
    moment, killed = 1, True
    while killed:
        folder = tmp_path / str(moment)
        with pytest.MonkeyPatch.context() as patch:
            _kill_at(patch, moment)
            try:
                _write(folder / "store", source, **options)
                killed = False
            except _Killed:
                _nothing_is_readable(folder)
        if killed:
            _write(folder / "store", source, **options)
        _same_store(folder / "store", whole)
        moment += 1
    assert moment > 20


def test_a_store_killed_again_and_again_gets_done(tmp_path: Path, source: ActivationSource):
    path, kills, done = tmp_path / "store", 0, False
    while not done and kills < 20:
        with pytest.MonkeyPatch.context() as patch:
            _kill_at(patch, 18)
            try:
                _write(path, source)
                done = True
            except _Killed:
                kills += 1
                _nothing_is_readable(tmp_path)
    assert 1 < kills < 20
    _same_store(path, _write(tmp_path / "whole", source))


_WRITER = """
import os, signal, sys
from pathlib import Path
import torch
from microtome.artifact import locked
from microtome.data import ActivationSource, buckets, write_store
from tests.model.families import tiny_model

buckets.COMMIT_BYTES = 4000
blocks = torch.load(sys.argv[1], weights_only=True)
source = ActivationSource(
    tiny_model("llama", torch.float32), lambda: blocks, %r, tokens_at_once=12
)
stop = lambda rows: rows < 70 or os.kill(os.getpid(), signal.SIGKILL)
write_store(Path(sys.argv[2]), source, 100, shard_rows=30, seed=2, progress=stop)
""" % (SITES,)  # noqa: UP031 - braces


@pytest.mark.slow
def test_a_process_killed_with_signal_9(tmp_path: Path, source: ActivationSource):
    torch.save(source.blocks(), tmp_path / "blocks")
    command = [sys.executable, "-c", _WRITER, tmp_path / "blocks", tmp_path / "store"]
    root = Path(__file__).parents[2]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
    _nothing_is_readable(tmp_path)
    _write(tmp_path / "store", source)
    _same_store(tmp_path / "store", _write(tmp_path / "whole", source))


def test_resuming_does_not_run_what_is_stored(tmp_path: Path, source: ActivationSource):
    seen: list[int] = []

    def stop(rows: int) -> None:
        seen.append(rows)
        if rows >= 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "store", source, progress=stop)
    before = len(seen)
    _write(tmp_path / "store", source, progress=seen.append)
    assert 0 < seen[before] - 20 <= 70
    assert seen[-1] == 100


def test_an_unfinished_store_of_another_kind_is_not_continued(
    tmp_path: Path, source: ActivationSource
):
    with pytest.raises(ZeroDivisionError):
        _write(tmp_path / "store", source, progress=lambda rows: 1 // (rows < 70))
    with pytest.raises(MicrotomeError, match="unfinished store with seed 2, not 3; finish it"):
        _write(tmp_path / "store", source, seed=3)
    with pytest.raises(MicrotomeError, match="corpus '', not 'ab'"):
        _write(tmp_path / "store", source, corpus="ab")
    (bucket, *_) = (tmp_path / ".store.unfinished").glob("bucket-*")
    bucket.write_bytes(b"")
    with pytest.raises(MicrotomeError, match=f"{bucket.name} is damaged; delete that folder"):
        _write(tmp_path / "store", source)


def test_two_processes_do_not_write_one_store(tmp_path: Path, source: ActivationSource):
    (tmp_path / ".store.unfinished").mkdir()
    with (
        locked(tmp_path / ".store.unfinished"),
        pytest.raises(MicrotomeError, match="another process is writing"),
    ):
        _write(tmp_path / "store", source)
    _write(tmp_path / "store", source)


def test_a_full_disk_is_said_and_the_store_goes_on(
    tmp_path: Path, source: ActivationSource, monkeypatch: pytest.MonkeyPatch
):
    for moment in (3, 25):
        with pytest.MonkeyPatch.context() as patch:
            _kill_at(patch, moment, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            with pytest.raises(MicrotomeError, match=r"No space left on device; what is done is"):
                _write(tmp_path / "store", source)
    _write(tmp_path / "store", source)
    assert _shards(tmp_path / "store") == _shards(_write(tmp_path / "whole", source))


def test_what_cannot_be_stored_is_named(tmp_path: Path, source: ActivationSource):
    path = _write(tmp_path / "store", source)
    with pytest.raises(MicrotomeError, match="exists; pass --force"):
        _write(path, source)
    _write(path, source, force=True)
    with pytest.raises(MicrotomeError, match="cannot have dtype"):
        _write(tmp_path / "b", source, dtype=torch.float64)
    with pytest.raises(MicrotomeError, match="needs rows, not 0"):
        _write(tmp_path / "b", source, rows=0)
    with torch.no_grad():
        large = tiny_model("llama", torch.float32)
        large.blocks[0].post_attention_layernorm.weight *= 1e6  # pyright: ignore
    with pytest.raises(MicrotomeError, match=r"blocks\.0\.mlp\.in reach .* more than float16"):
        _write(
            tmp_path / "b",
            ActivationSource(large, source.blocks, SITES),
            dtype=torch.float16,
        )


def test_a_store_of_another_model_is_refused(tmp_path: Path, source: ActivationSource):
    store = ActivationStore(_write(tmp_path / "store", source))
    store.check_model(source.model.fingerprint)
    with pytest.raises(MicrotomeError, match="activations of another model"):
        store.check_model(tiny_model("llama", seed=1).fingerprint)
    with pytest.raises(MicrotomeError, match=r"\(other none, not ab\)"):
        store.check_model(source.model.fingerprint, "ab")
    manifest = json.loads((store.path / "manifest.json").read_text())
    assert manifest["inputs"].keys() == {"model", "tokens"}
    assert manifest["config"]["plan"]["seed"] == 2


def test_two_models_in_one_store(tmp_path: Path, model: LanguageModel, blocks: list[torch.Tensor]):
    other = tiny_model("llama", torch.float32, seed=1)
    sites = [SITES[0], f"other:{SITES[0]}"]
    path = _write(tmp_path / "store", ActivationSource(model, lambda: blocks, sites, other=other))
    store = ActivationStore(path)
    store.check_model(model.fingerprint, other.fingerprint)
    assert set(store.next(5)) == set(sites)


# -- reading ---------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path, source: ActivationSource) -> Path:
    return _write(tmp_path / "store", source)


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def _truncate(file: Path) -> None:
    os.truncate(file, 50)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(_flip, "checksum"), (_truncate, "50 bytes of"), (Path.unlink, "0 bytes")],
)
def test_a_damaged_shard_is_named_and_may_be_skipped(path: Path, damage, reason: str):
    damage(path / "shard-00001.safetensors")
    with pytest.raises(MicrotomeError, match=f"shard-00001.* {reason}.*set skip_corrupt") as e:
        ActivationStore(path).next(100)
    assert "\n" not in str(e.value)
    with pytest.raises(MicrotomeError, match="shard-00001"):
        ActivationStore(path).verify()
    with pytest.warns(UserWarning, match="shard-00001.* going on with the other 3"):
        store = ActivationStore(path, skip_corrupt=True)
        store.verify()
    assert store.skipped == ["shard-00001.safetensors"]
    left = len(store)
    assert left < 100
    rows = store.next(left)[SITES[0]]
    assert store.epoch == 0
    assert len(rows.unique(dim=0)) == left
    assert torch.equal(_sorted(rows), _sorted(store.next(left)[SITES[0]]))
    assert len(store.sample(1000)[SITES[0]]) == left


def test_a_store_without_a_whole_shard_is_refused(path: Path):
    for file in path.glob("shard-*"):
        _truncate(file)
    with pytest.warns(UserWarning), pytest.raises(MicrotomeError, match="it is the last one"):
        ActivationStore(path, skip_corrupt=True)


def test_skipping_is_not_advised_where_nothing_would_be_left(source, tmp_path: Path):
    only = _write(tmp_path / "one", source, shard_rows=1000)
    (shard,) = only.glob("shard-*")
    _truncate(shard)
    with pytest.raises(MicrotomeError, match="it is the last one") as refusal:
        ActivationStore(only)
    assert "skip_corrupt" not in str(refusal.value)


@pytest.mark.parametrize("before", [0, 3, 11, 40])
def test_resuming_is_exact(path: Path, tmp_path: Path, before: int):
    whole, first = ActivationStore(path, seed=4), ActivationStore(path, seed=4)
    for store in (whole, first):
        for _ in range(before):
            store.next(7)
    save_file(first.state(), tmp_path / "state")
    resumed = ActivationStore(path)
    resumed.next(3)
    resumed.restore(load_file(tmp_path / "state"))
    for _ in range(40):
        a, b = whole.next(9), resumed.next(9)
        assert all(torch.equal(a[site], b[site]) for site in SITES)
    assert (resumed.epoch, resumed.tokens_seen) == (whole.epoch, whole.tokens_seen)


def test_a_sample_consumes_nothing(path: Path):
    plain, sampled = ActivationStore(path), ActivationStore(path)
    assert len(sampled.sample(60)[SITES[0]].unique(dim=0)) == 60
    assert len(sampled.sample(10**6)[SITES[0]]) == 100
    assert torch.equal(plain.next(50)[SITES[0]], sampled.next(50)[SITES[0]])


def test_ranks_share_the_store(path: Path):
    stores = [ActivationStore(path, rank=rank, world=3) for rank in range(3)]
    rows: list[torch.Tensor] = []
    for store in stores:
        while store.epoch == 0:
            rows.append(store.next(1)[SITES[0]])
        rows.pop()  # of the next epoch
    assert len(torch.cat(rows).unique(dim=0)) == len(rows) == 100
    with pytest.raises(MicrotomeError, match="no row for process 999"):
        ActivationStore(path, rank=999, world=1000).next(1)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"kind": "graph"}, "holds a graph, not a store"),
        ({"schema_version": 99}, "newer microtome"),
        ({"content": {}}, "field 'content.sites'"),
    ],
)
def test_what_is_no_store_is_refused(path: Path, edit: dict, message: str):
    manifest = path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | edit))
    with pytest.raises(MicrotomeError, match=message):
        ActivationStore(path)


def test_states_and_manifests_that_do_not_fit_are_named(path: Path):
    store = ActivationStore(path)
    with pytest.raises(MicrotomeError, match="data state lacks 'shard'"):
        store.restore({name: x for name, x in store.state().items() if name != "shard"})
    with pytest.raises(MicrotomeError, match="shard 9 of 4"):
        store.restore(store.state() | {"shard": torch.tensor(9)})
    manifest = path / "manifest.json"
    content = json.loads(manifest.read_text())
    content["content"]["widths"] = [1]
    manifest.write_text(json.dumps(content))
    with pytest.raises(MicrotomeError, match="widths and sites"):
        ActivationStore(path)
