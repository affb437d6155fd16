"""The held-out split goes by the text alone."""

import pytest

from microtome.data import held_out, held_out_texts, split_documents, training_texts
from microtome.errors import MicrotomeError

TEXTS = [f"document {i}" for i in range(4000)]


def test_a_share_of_documents_is_held_out_whatever_their_order():
    training, kept = split_documents(TEXTS)
    assert 0.04 < len(kept) / len(TEXTS) < 0.06
    assert not set(training) & set(kept)
    assert sorted(split_documents(TEXTS[::-1])[1]) == sorted(kept)
    assert list(training_texts(iter(TEXTS))) == training
    assert list(held_out_texts(iter(TEXTS))) == kept


def test_the_split_never_changes():
    assert [i for i, text in enumerate(TEXTS[:100]) if held_out(text)] == [40, 70]
    assert not held_out("\ud800")  # half of a surrogate pair, which JSON may hold


def test_a_larger_share_holds_out_what_a_smaller_one_does():
    small, large = set(held_out_texts(TEXTS, 0.1)), set(held_out_texts(TEXTS, 0.3))
    assert small < large
    assert not list(held_out_texts(TEXTS, 0.0))
    assert list(held_out_texts(TEXTS, 1.0)) == TEXTS


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share: float):
    with pytest.raises(MicrotomeError, match="between 0 and 1"):
        held_out("text", share)
