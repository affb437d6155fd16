"""One pass over a corpus finds what a plain account of every activation finds."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from microtome.atlas.candidates_loops import BINS, FIRST_BIN
from microtome.atlas.coactive import coactive_neighbours
from microtome.atlas.collect import Collected, Collector
from microtome.atlas.options import BuildOptions
from microtome.atlas.share import Share
from microtome.atlas.statistics import example_table, feature_columns, histogram
from microtome.data import Block
from microtome.errors import MicrotomeError
from tests.atlas.builds import OPTIONS, Active, account, blocks, dictionary, model

KINDS = ("clt", "plt", "relu")


def collect(of, made, tokens, options: BuildOptions = OPTIONS, rank=0, world=1) -> Collected:
    collected = Collected.empty(sum(made.n_features), of.d_vocab, options)
    share = Share(lambda: tokens, options.tokens_at_once, options.tokens, rank, world)
    Collector(of, made, options).run(share, collected)
    return collected


@pytest.mark.parametrize("kind", KINDS)
def test_totals(kind: str):
    of = model()
    made, tokens = dictionary(of, kind), blocks()
    expected, vocabulary = account(of, made, tokens)
    collected = collect(of, made, tokens)
    totals = collected.candidates.totals
    assert np.array_equal(collected.vocabulary, vocabulary)
    assert max(map(len, expected)) > OPTIONS.sample, "some features overflow their sample"
    for feature, active in enumerate(expected):
        assert totals.active[feature] == len(active)
        values = np.array([one.value for one in active], np.float32)
        assert totals.total[feature] == pytest.approx(values.sum(), rel=1e-4)
        assert totals.maximum[feature] == pytest.approx(max(values, default=0), rel=1e-5)
        by_bucket = Counter(int(np.log2(one.position)) + 1 for one in active)
        assert dict(by_bucket) == {
            i: n for i, n in enumerate(totals.positions[feature].tolist()) if n
        }


def test_a_histogram_counts_every_activation_in_its_bin():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks()
    expected, _ = account(of, made, tokens)
    collected = collect(of, made, tokens)
    for feature, active in enumerate(expected):
        edges, counts = histogram(collected.candidates.totals, feature)
        assert len(edges) == len(counts) + 1
        assert counts.sum() == len(active)
        assert counts[0] and counts[-1]
        there = np.histogram([one.value for one in active], edges)[0]
        assert np.abs(there - counts).sum() <= 2, "but for rounding at an edge"
    assert BINS + FIRST_BIN < 2**10


def _windows(active: list[Active]) -> list[tuple]:
    """The examples expected: the largest of every row, equal windows once, largest first."""
    by_row: dict[int, Active] = {}
    for one in active:
        if one.document not in by_row or one.value > by_row[one.document].value:
            by_row[one.document] = one
    found: dict[tuple, tuple] = {}
    for one in sorted(by_row.values(), key=lambda one: (-round(one.value, 5), one.document)):
        first = max(one.position - OPTIONS.before, 0)
        at = slice(first, one.position + OPTIONS.after + 1)
        key = (one.row[at], one.position - first)
        found.setdefault(key, (one.document, first, *key, one.values[at]))
    return list(found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_top_examples(kind: str):
    of = model()
    made, tokens = dictionary(of, kind), blocks()
    expected, _ = account(of, made, tokens)
    collected = collect(of, made, tokens)
    table = example_table(collected, range(len(expected)), OPTIONS).to_pylist()
    for feature, active in enumerate(expected):
        top = [row for row in table if row["id"] == feature and row["band"] == 0]
        wanted = _windows(active)[: OPTIONS.examples]
        assert [row["rank"] for row in top] == list(range(len(wanted)))
        for row, (document, first, window, peak, values) in zip(top, wanted, strict=True):
            assert (row["document"], row["position"], row["peak"]) == (document, first, peak)
            assert tuple(row["tokens"]) == window
            assert row["values"] == pytest.approx(list(values), rel=1e-4, abs=1e-6)
            assert row["activation"] == pytest.approx(values[peak], rel=1e-4)


def test_equal_windows_are_shown_once():
    of = model()
    made, row = dictionary(of, "relu"), blocks()[0][:1]
    table = example_table(collect(of, made, [row.expand(9, -1)]), range(15), OPTIONS).to_pylist()
    counts = Counter(example["id"] for example in table if example["band"] == 0)
    assert set(counts.values()) == {1}
    assert {example["document"] for example in table if example["band"] == 0} == {0}


def test_bands_hold_a_uniform_sample_from_high_to_low():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks(10, rows=30)
    options = BuildOptions(
        examples=2, bands=3, per_band=3, sample=64, before=2, after=2, tokens_at_once=600
    )
    expected, _ = account(of, made, tokens)
    collected = collect(of, made, tokens, options)
    for feature, active in enumerate(expected):
        table = example_table(collected, range(feature, feature + 1), options).to_pylist()
        values = {(one.document, one.position): one.value for one in active}
        bands = [[row for row in table if row["band"] == band] for band in (1, 2, 3)]
        for band in bands:
            assert len(band) <= 3
            shown = [row["activation"] for row in band]
            assert shown == sorted(shown, reverse=True)
            for row in band:
                at = (row["document"], row["position"] + row["peak"])
                assert row["activation"] == pytest.approx(values[at], rel=1e-4)
        flat = [[row["activation"] for row in band] for band in bands]
        for higher, lower in pairwise(flat):
            assert not higher or not lower or min(higher) >= max(lower)
        texts = [(tuple(row["tokens"]), row["peak"]) for row in table]
        assert len(texts) == len(set(texts)), "no example is shown twice"


def test_the_sample_is_uniform_and_whole_where_there_is_room():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks(12, rows=20)
    expected, _ = account(of, made, tokens)
    for size, seeds in ((5000, 1), (16, 6)):
        ranks = []
        for seed in range(seeds):
            options = BuildOptions(sample=size, seed=seed, tokens_at_once=2000, before=1, after=1)
            sample = collect(of, made, tokens, options).candidates.sample
            for feature, active in enumerate(expected):
                values = np.sort([one.value for one in active])
                kept = np.sort(sample.value[feature, : sample.filled[feature]])
                assert len(kept) == min(size, len(active))
                if size > len(active):
                    assert kept == pytest.approx(values, rel=1e-4)
                ranks.append(np.searchsorted(values, kept) / len(values))
        # a uniform sample has ranks of mean 1/2; 5 standard errors
        everywhere = np.concatenate(ranks)
        assert abs(everywhere.mean() - 0.5) < 5 * np.sqrt(1 / 12 / len(everywhere)) + 0.01


def test_shares_of_tokens():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks()
    expected, vocabulary = account(of, made, tokens)
    options = BuildOptions(sample=5000, tokens_at_once=60)
    collected = collect(of, made, tokens, options)
    columns = feature_columns(collected, range(len(expected)), 18, listed=3)
    for feature, active in enumerate(expected):
        shown = columns["active_tokens"][feature].as_py()
        counts = Counter(one.token for one in active)
        assert [counts[token] for token in shown] == [n for _, n in counts.most_common(3)]
        shares = [counts[token] / len(active) for token in shown]
        assert columns["active_shares"][feature].as_py() == pytest.approx(shares, rel=1e-5)
        rates = [counts[token] / vocabulary[token] for token in shown]
        assert columns["active_rates"][feature].as_py() == pytest.approx(rates, rel=1e-5)
        before = Counter(one.row[one.position - 1] for one in active)
        token = columns["before_tokens"][feature][0].as_py()
        assert before[token] == before.most_common(1)[0][1]
        values = np.array([one.value for one in active])
        wanted = np.quantile(values, (0.25, 0.5, 0.75, 0.9, 0.99))
        assert columns["quantiles"][feature].as_py() == pytest.approx(wanted.tolist(), rel=1e-4)
        assert columns["density"][feature].as_py() == pytest.approx(len(active) / vocabulary.sum())
        assert sum(columns["positions"][feature].as_py()) == pytest.approx(1)


def test_a_feature_that_never_fires_has_empty_lists():
    of = model()
    made, tokens = dictionary(of, "clt"), blocks(1)
    for encoder in made.encoders:
        assert encoder.activation.threshold is not None
        encoder.activation.threshold.fill_(1e6)
    collected = collect(of, made, tokens)
    columns = feature_columns(collected, range(15), 18, listed=3)
    for name in ("quantiles", "histogram", "histogram_edges", "active_tokens", "before_tokens"):
        assert columns[name].to_pylist() == [[]] * 15
    assert columns["maximum"].to_pylist() == [0.0] * 15
    assert example_table(collected, range(15), OPTIONS).num_rows == 0


def test_coactive_features_have_the_cosine_of_their_activations():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks()
    expected, _ = account(of, made, tokens)
    collected = collect(of, made, tokens)
    found = coactive_neighbours(collected.rows.by_feature(15), 14)
    places: dict[tuple, int] = {}
    dense = np.zeros((15, sum(map(len, expected))))
    for feature, active in enumerate(expected):
        for one in active:
            place = places.setdefault((one.document, one.position), len(places))
            dense[feature, place] = one.value
    unit = dense / np.linalg.norm(dense, axis=1, keepdims=True)
    cosines, shared = unit @ unit.T, (dense > 0).astype(int) @ (dense > 0).T
    for feature in range(15):
        wanted = {
            g: cosines[feature, g] for g in range(15) if g != feature and shared[feature, g] >= 3
        }
        n = len(wanted)
        ids, scores = found.ids[feature, :n], found.cosines[feature, :n]
        assert set(ids.tolist()) == set(wanted)
        assert list(scores) == pytest.approx([wanted[g] for g in ids], rel=1e-4)
        assert (np.diff(scores) <= 0).all()
        assert (found.ids[feature, n:] == -1).all()


def test_the_sampled_rows_are_few_whole_and_the_same_in_any_order():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks(12)
    options = BuildOptions(sampled_tokens=200, tokens_at_once=60, before=1, after=1)
    rows = collect(of, made, tokens, options).rows
    sample = rows.by_feature(15)
    held = int((sample.tokens >= 0).sum())
    assert 180 < held <= 200
    halves = [collect(of, made, tokens, options, rank, 2) for rank in (0, 1)]
    halves[0].merge(halves[1].to_arrays())
    merged = halves[0].rows.by_feature(15)
    for name in ("tokens", "counts", "offsets", "places", "values"):
        assert np.array_equal(getattr(sample, name), getattr(merged, name))
    few = BuildOptions(sampled_activations=100, tokens_at_once=60, before=1, after=1)
    assert len(collect(of, made, tokens, few).rows.by_feature(15).places) <= 100


def test_the_shares_of_processes_merge_into_the_whole():
    of = model()
    made, tokens = dictionary(of, "relu"), blocks(12)
    whole = collect(of, made, tokens)
    for world in (2, 3):
        parts = [collect(of, made, tokens, rank=rank, world=world) for rank in range(world)]
        merged = parts[0]
        for part in parts[1:]:
            merged.merge(part.to_arrays())
        for name in ("active", "maximum", "histogram", "positions"):
            of_whole = getattr(whole.candidates.totals, name)
            assert np.array_equal(of_whole, getattr(merged.candidates.totals, name)), name
        assert np.array_equal(whole.vocabulary, merged.vocabulary)
        for mine, theirs in zip(
            (whole.candidates.sample, whole.candidates.banded),
            (merged.candidates.sample, merged.candidates.banded),
            strict=True,
        ):
            assert np.array_equal(np.sort(mine.key), np.sort(theirs.key))
            assert np.array_equal(mine.limit, theirs.limit)
        everything = range(len(whole.candidates.totals.active))
        tables = [example_table(one, everything, OPTIONS) for one in (whole, merged)]
        assert tables[0].equals(tables[1])


def test_a_limit_of_tokens_cuts_whole_rows():
    share = Share(lambda: [torch.zeros(4, 5, dtype=torch.long)] * 3, 10, 33)
    sizes = [tuple(part.tokens.shape) for _, part in share.passes()]
    assert sum(rows * length for rows, length in sizes) == share.read == 30
    assert share.documents == 6


def test_documents_that_are_packed_over_rows_are_counted_once():
    numbers = torch.tensor([[0, 0, 1], [1, 1, 1], [2, 2, 3]])
    block = Block(torch.zeros_like(numbers), numbers)
    for at_once in (3, 6, 9):
        share = Share(lambda: [block], at_once, None)
        list(share.passes())
        assert share.documents == 4


def test_activations_that_are_not_finite_are_refused():
    of = model()
    made = dictionary(of)
    with torch.no_grad():
        next(iter(of.hf.parameters())).fill_(float("inf"))
    with pytest.raises(MicrotomeError, match="not finite"):
        collect(of, made, blocks(1))
