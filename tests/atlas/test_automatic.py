"""Labels: planted rules are found, and their scores are those of counting by hand."""

import numpy as np
import pytest

from microtome.atlas.automatic import AutomaticLabel, FeatureExamples, Labeller
from microtome.atlas.concepts import NONE, KnownConcept, known, text_concepts, token_class
from microtome.atlas.sample import TokenSample

STRINGS = ["<s>", " dog", " cat", " once", " upon", "7", ".", "\n", "ing", " The"]
STRINGS += [f" word{i}" for i in range(40)]
ROWS, WIDTH = 300, 12


def corpus(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, len(STRINGS), (ROWS, WIDTH)).astype(np.int32)
    tokens[:, 0] = 0
    tokens[::3, 9:] = -1
    return tokens


def sample(tokens: np.ndarray, *active: np.ndarray) -> TokenSample:
    """Features by where they are active: values [rows, positions]."""
    counts = tokens >= 0
    counts[:, 0] = False
    places = [np.flatnonzero(a * counts) for a in active]
    return TokenSample(
        tokens=tokens,
        counts=counts,
        offsets=np.cumsum([0, *map(len, places)]),
        places=np.concatenate(places),
        values=np.concatenate([a.reshape(-1)[p] for a, p in zip(active, places, strict=True)]),
    )


def label(tokens: np.ndarray, active: np.ndarray, promoted=(), concepts=()) -> AutomaticLabel:
    return Labeller(sample(tokens, active), STRINGS, concepts).label(0, promoted)


def shifted(tokens: np.ndarray, by: int) -> np.ndarray:
    out = np.full_like(tokens, -1)
    if by > 0:
        out[:, :-by] = tokens[:, by:]
    else:
        out[:, -by:] = tokens[:, :by]
    return out


def test_planted_rules_are_said_in_words():
    t = corpus()
    before, behind = shifted(t, -1), shifted(t, 1)
    t[::2, 4], t[::2, 5] = 3, 4
    before, two, behind = shifted(t, -1), shifted(t, -2), shifted(t, 1)
    position = np.broadcast_to(np.arange(WIDTH), t.shape)
    cases = {
        "“ dog”": t == 1,
        "after “.”": before == 6,
        "before “ dog”": behind == 1,
        "“ once upon”": (before == 3) & (t == 4) & True,
        "after “ once upon”": (two == 3) & (before == 4),
        "position 3": position == 3,
        "numbers": t == 5,
    }
    for text, active in cases.items():
        found = label(t, active.astype(np.float32))
        if text == "numbers":  # one number only: its token says it as well
            assert found.text in ("“7”", "numbers")
        else:
            assert found.text == text
        assert found.f1 == pytest.approx(1.0) and found.source == "automatic"
    says = label(t, (behind == 1).astype(np.float32), promoted=[1])
    assert says.text == "says “ dog”"


def test_scores_are_counts_on_the_other_half():
    t = corpus()
    rng = np.random.default_rng(1)
    active = ((t == 1) & (rng.random(t.shape) < 0.8)) | (rng.random(t.shape) < 0.005)
    s = sample(t, active.astype(np.float32))
    labeller = Labeller(s, STRINGS)
    found = labeller.label(0)
    assert found.text.startswith("“ dog”") and "," not in found.text
    held = labeller._half.reshape(t.shape) & s.counts
    rule = (t == 1) & held
    true = (rule & active).sum()
    assert found.precision == pytest.approx(true / rule.sum())
    assert found.recall == pytest.approx(true / (active & held).sum())
    assert found.f1 == pytest.approx(2 * true / (rule.sum() + (active & held).sum()))


def test_strong_activations_are_told_from_weak_ones():
    t = corpus()
    rng = np.random.default_rng(2)
    noise = np.where(rng.random(t.shape) < 0.1, 0.1, 0.0)
    found = label(t, np.where(t == 2, 3.0, noise).astype(np.float32))
    assert found.text == "“ cat”" and found.threshold >= 0.1
    assert found.f1 > 0.95


def test_noise_gets_no_label_or_a_cautious_one():
    t = corpus()
    for seed in range(5):
        active = np.random.default_rng(seed).random(t.shape) < 0.02
        found = label(t, active.astype(np.float32))
        assert found.text == "" or found.text.startswith("partly")
    silent = label(t, np.zeros(t.shape, dtype=np.float32))
    assert silent.text == "" and silent.source == "" and np.isnan(silent.f1)


def test_a_known_concept_is_preferred_to_the_tokens_it_consists_of():
    t = corpus()
    even = known("even token", lambda tokens: (tokens >= 0) & (tokens % 2 == 0))
    digit = KnownConcept(
        "last digit", lambda tokens: np.where(tokens >= 0, tokens % 10, NONE),
        lambda values: "ends in " + " or ".join(map(str, values)),
    )  # fmt: skip
    found = label(t, ((t > 0) & (t % 2 == 0)).astype(np.float32), concepts=[even])
    assert (found.text, found.source) == ("even token", "concept")
    found = label(t, np.isin(t % 10, (3, 5)).astype(np.float32), concepts=[even, digit])
    assert (found.text, found.source) == ("ends in 3 or 5", "concept")
    assert found.f1 == pytest.approx(1.0)


def rare_examples(n: int) -> FeatureExamples:
    """Windows of a feature that is active on " dog", but for every fifth one."""
    rng = np.random.default_rng(3)
    tokens = rng.integers(10, len(STRINGS), (n, 7)).astype(np.int32)
    peak = np.full(n, 3)
    peak[0], tokens[0, 5:] = 2, -1
    tokens[np.arange(n), peak] = np.where(np.arange(n) % 10 == 5, 30, 1)
    return FeatureExamples(
        np.arange(n) % 4, rng.random(n).astype(np.float32), tokens, peak, np.full(n, 4)
    )


def test_rare_features_are_labelled_from_their_examples():
    t = corpus()
    labeller = Labeller(sample(t, np.zeros(t.shape, dtype=np.float32)), STRINGS)
    share = float((t[:, 1:] == 1).sum() / (t[:, 1:] >= 0).sum())
    found = labeller.label(0, density=share / 2, examples=rare_examples(40))
    assert found.text == "“ dog”"
    # active on half of the token's occurrences: precision follows from the density
    assert found.precision == pytest.approx(found.recall / 2, rel=0.3)
    assert 0.7 < found.recall <= 1
    assert labeller.label(0, density=share, examples=rare_examples(3)).text == ""


def test_few_rows_and_no_rows():
    nothing = TokenSample(
        np.zeros((0, 5), dtype=np.int32), np.zeros((0, 5), dtype=bool), np.zeros(3, dtype=np.int64),
        np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32),
    )  # fmt: skip
    assert Labeller(nothing, STRINGS).label(1).text == ""


def test_words_keep_spaces_and_show_line_ends():
    strings = [" a", "\n", "b"]
    token, _, _, _, phrase, *_ = text_concepts(strings)
    assert token.words([0, 1], []) == "“ a”, “⏎”"
    rows = np.array([[0, 1, 2]])
    values = phrase.values(rows, np.zeros(1, dtype=np.int64))
    assert values[0, 0] == NONE
    assert phrase.words([int(values[0, 2])], []) == "“⏎b”"


def test_classes_of_tokens():
    strings = [" dog", " The", "12", ".", "\n\n", "ing", "<s>", " é"]
    classes = token_class(strings).classes.tolist()
    assert classes == [-1, 2, 0, 1, 3, 4, -1, -1]
