"""Batches from memory and from a shuffle buffer: every row once an epoch, and exact resuming."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.data import ActivationSource, Batches, MemoryBatches, Rows, ShuffleBuffer
from microtome.errors import MicrotomeError
from tests.model.families import tiny_model


class Numbers:
    """Parts of rows that hold their own number, so that every row can be followed."""

    def __init__(self, parts: list[int]):
        self.parts = parts
        self.sites = ("a", "b")
        self.run: list[int] = []

    def __call__(self, start: int = 0) -> Iterator[Rows]:
        first = sum(self.parts[:start])
        for number, n in enumerate(self.parts[start:], start):
            self.run.append(number)
            x = torch.arange(first, first + n)
            first += n
            wide = x[:, None].float()
            yield Rows({"a": wide.expand(-1, 2), "b": -wide}, x, x, x)


def _memory() -> MemoryBatches:
    x = torch.arange(100.0)[:, None]
    return MemoryBatches({"a": x.expand(-1, 2), "b": -x}, seed=3)


def _buffer() -> ShuffleBuffer:
    return ShuffleBuffer(Numbers([7, 0, 30, 1, 25, 37]), rows=41, seed=3)


BOTH = pytest.mark.parametrize("make", [_memory, _buffer])


def _drawn(batches: Batches, n: int) -> list[int]:
    rows = batches.next(n)
    assert torch.equal(rows["a"][:, :1], -rows["b"])
    return [int(x) for x in rows["a"][:, 0]]


@BOTH
def test_every_row_comes_as_often_as_the_corpus_is_read(make: Callable[[], Batches]):
    batches = make()
    assert isinstance(batches, Batches)
    assert batches.sites == ("a", "b")
    seen = [row for _ in range(200) for row in _drawn(batches, 5)]
    assert batches.tokens_seen == 1000
    counts = [seen.count(row) for row in range(100)]
    assert max(counts) - min(counts) <= 2
    assert batches.epoch >= 9
    assert {row.dtype for row in batches.next(1).values()} == {torch.float32}


def test_an_epoch_in_memory_has_every_row_once_in_a_new_order():
    batches = _memory()
    epochs = [_drawn(batches, 100) for _ in range(3)]
    assert all(sorted(epoch) == list(range(100)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert _drawn(_memory(), 100) == epochs[0]


def test_a_batch_of_the_buffer_mixes_documents():
    buffer = ShuffleBuffer(Numbers([10] * 100), rows=400, seed=0)
    documents = {row // 10 for row in _drawn(buffer, 50)}
    assert len(documents) > 20


@BOTH
@pytest.mark.parametrize("before", [0, 1, 17, 60, 333])
def test_resuming_is_exact(make: Callable[[], Batches], before: int, tmp_path: Path):
    whole, first = make(), make()
    _drawn(whole, 13)
    _drawn(first, 13)
    for batches in (whole, first):
        for _ in range(before):
            batches.next(3)
    save_file(first.state(), tmp_path / "state")
    first.next(50)  # what comes after the state was taken must not matter
    resumed = make()
    resumed.next(2)
    resumed.restore(load_file(tmp_path / "state"))
    assert resumed.tokens_seen == whole.tokens_seen
    assert [_drawn(resumed, 7) for _ in range(60)] == [_drawn(whole, 7) for _ in range(60)]
    assert (resumed.epoch, resumed.tokens_seen) == (whole.epoch, whole.tokens_seen)


@BOTH
def test_a_sample_consumes_nothing(make: Callable[[], Batches]):
    plain, sampled = make(), make()
    rows = sampled.sample(20)["a"][:, 0].tolist()
    assert len(set(rows)) == 20
    assert sampled.tokens_seen == 0
    assert len(sampled.sample(10**6)["a"]) in (41, 100)
    assert _drawn(plain, 60) == _drawn(sampled, 60)
    assert sampled.sample(5)["b"].shape == (5, 1)


def test_restoring_the_buffer_does_not_run_parts_again():
    source = Numbers([10] * 20)
    buffer = ShuffleBuffer(source, rows=40, seed=0)
    buffer.next(60)
    state, done = buffer.state(), list(source.run)
    source.run.clear()
    again = ShuffleBuffer(source, rows=40, seed=0)
    again.restore(state)
    again.next(40)
    assert source.run[0] == len(done)


def test_ranks_share_the_rows_in_memory():
    x = {"a": torch.arange(50.0)[:, None]}
    shares = [MemoryBatches(x, 0, rank, 2).next(25)["a"].flatten().tolist() for rank in range(2)]
    assert sorted(shares[0] + shares[1]) == list(range(50))


def test_a_buffer_over_a_model_resumes_exactly():
    blocks = [torch.randint(3, 40, (4, 6)) for _ in range(6)]
    passes: list[int] = []

    def make() -> ShuffleBuffer:
        model = tiny_model("llama", torch.float32)
        capture = model.capture

        def counted(tokens: torch.Tensor, sites: list):
            passes.append(len(tokens))
            return capture(tokens, sites)

        model.capture = counted
        source = ActivationSource(model, lambda: blocks, ["blocks.0.mlp.in"], tokens_at_once=12)
        return ShuffleBuffer(source, rows=30, seed=1)

    whole = make()
    for _ in range(5):
        whole.next(8)
    state, run = whole.state(), len(passes)
    resumed = make()
    resumed.restore(state)
    assert len(passes) == run
    for _ in range(20):
        assert torch.equal(*(b.next(8)["blocks.0.mlp.in"] for b in (whole, resumed)))


def test_bad_batches_and_states_are_named():
    with pytest.raises(MicrotomeError, match="equally many rows"):
        MemoryBatches({"a": torch.zeros(2, 1), "b": torch.zeros(3, 1)})
    with pytest.raises(MicrotomeError, match="equally many rows"):
        MemoryBatches({})
    with pytest.raises(MicrotomeError, match="too few for 2"):
        MemoryBatches({"a": torch.zeros(1, 1)}, world=2)
    with pytest.raises(MicrotomeError, match="buffer of 1 rows"):
        ShuffleBuffer(Numbers([1]), rows=1)
    with pytest.raises(MicrotomeError, match="no token that counts"):
        ShuffleBuffer(Numbers([0, 0]), rows=4).next(1)
    with pytest.raises(MicrotomeError, match="data state lacks 'at'"):
        _memory().restore(_buffer().state())
    with pytest.raises(MicrotomeError, match="data state has 'at'"):
        _buffer().restore(_memory().state())
    with pytest.raises(MicrotomeError, match="buffer of 41 rows, not 42"):
        ShuffleBuffer(Numbers([9]), rows=42).restore(_buffer().state())
    state = _memory().state()
    state["at"] = torch.tensor(80)
    with pytest.raises(MicrotomeError, match="row 80 of 50"):
        MemoryBatches({"a": torch.zeros(50, 1)}).restore(state)
