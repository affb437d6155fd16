"""Sparse probes: they find what is there, and say 0.5 where nothing is."""

import json
from pathlib import Path

import pytest
import torch

from microtome.data.block import parts
from microtome.dictionary import Codes
from microtome.errors import MicrotomeError
from microtome.evaluation import Examples, read_labelled, sparse_probe
from microtome.evaluation.models import Models
from microtome.evaluation.probe_tasks import TOKEN_TASKS, join, pool, probe_texts, probe_tokens
from microtome.evaluation.probing import columns_of
from tests.evaluation.cases import blocks, random_sae
from tests.model.families import tiny_model


def codes_of(dense: torch.Tensor) -> Codes:
    return Codes.from_mask(dense, dense > 0)


def examples(n: int = 2000, noise: float = 0.0) -> Examples:
    """Feature 3 is the label but for some noise; others are random; classes are uneven."""
    labels = torch.rand(n) < 0.15
    dense = (torch.rand(n, 10) < 0.2).double() * torch.rand(n, 10)
    told = torch.where(torch.rand(n) < noise, torch.rand(n) < 0.15, labels)
    dense[:, 3] = told.double() * 2
    return Examples(codes_of(dense), torch.randn(n, 6), labels, torch.arange(n) // 10)


def test_a_feature_that_is_asked_for_twice_has_two_columns():
    dense = torch.tensor([[1.0, 0, 2], [0, 3, 0]])
    columns = columns_of(codes_of(dense), torch.tensor([2, 0, 2, 1]))
    assert columns.tolist() == [[2, 1, 2, 0], [0, 0, 0, 3]]


def test_one_feature_that_is_the_label_is_enough():
    found = sparse_probe("task", "site", examples())
    assert found.chosen[0] == 3
    assert {k: f.value for k, f in found.features.items()} == {1: 1.0, 2: 1.0, 5: 1.0}
    assert found.positive == pytest.approx(0.15, abs=0.03)
    # random dimensions know nothing, though 85% of the examples have one label
    for figure in (*found.dimensions.values(), found.activation):
        assert figure.value == pytest.approx(0.5, abs=0.1)
        assert figure.low is not None and figure.high is not None
        assert figure.low < 0.5 < figure.high


def test_noise_costs_accuracy_and_two_features_tell_more_than_one():
    noisy = sparse_probe("task", "site", examples(noise=0.4))
    assert 0.6 < noisy.features[1].value < 0.95
    n = 3000
    one, two = torch.rand(n) < 0.5, torch.rand(n) < 0.5
    dense = torch.stack([one, two, torch.rand(n) < 0.3], 1).double()
    both = Examples(codes_of(dense), torch.zeros(n, 2), one | two, torch.arange(n) // 10)
    found = sparse_probe("or", "site", both)
    assert found.features[1].value == pytest.approx(5 / 6, abs=0.03)
    assert found.features[2].value == 1.0


def test_a_class_that_is_missing_is_refused():
    lonely = examples(40)
    labels = torch.zeros(40, dtype=torch.bool)
    with pytest.raises(MicrotomeError, match="fewer than two training examples with label true"):
        sparse_probe(
            "rare", "s", Examples(lonely.codes, lonely.activations, labels, lonely.documents)
        )


def test_joined_and_pooled_codes_are_those_of_dense_matrices():
    dense = torch.relu(torch.randn(9, 5))
    joined = join([codes_of(dense[:4]), codes_of(dense[4:4]), codes_of(dense[4:])])
    assert torch.equal(joined.dense(), dense)
    documents = torch.tensor([0, 0, 0, 4, 4, 7, 7, 7, 7])
    x = torch.randn(9, 3)
    pooled, means, ids = pool(joined, x, documents)
    assert ids.tolist() == [0, 4, 7]
    for i, document in enumerate(ids):
        rows = documents == document
        assert torch.allclose(pooled.dense()[i], dense[rows].double().mean(0), atol=1e-6)
        assert torch.allclose(means[i], x[rows].double().mean(0), atol=1e-6)


def test_tasks_of_tokens_label_what_comes_next():
    assert TOKEN_TASKS["next token starts with a space"](" the")
    assert not TOKEN_TASKS["next token starts with a space"]("ing")
    assert TOKEN_TASKS["next token starts with a capital"](" The")
    assert not TOKEN_TASKS["next token starts with a capital"](" the")
    assert TOKEN_TASKS["next token is punctuation"](",")
    assert not TOKEN_TASKS["next token is punctuation"](" ")


def test_tokens_are_probed_where_the_next_one_is_known(monkeypatch):
    from microtome.evaluation import probe_tasks

    model = tiny_model("llama")
    monkeypatch.setitem(probe_tasks.TOKEN_TASKS, "even", lambda text: int(text[1:-1]) % 2 == 0)
    rows = list(parts(blocks(3, 20, 10), 1000))
    (found,) = probe_tokens(Models(model), random_sae(), rows, ["even"])
    assert found.examples == 3 * 20 * 8
    assert found.site == "blocks.1.mlp.out"
    assert 0.3 < found.positive < 0.7


def test_texts_with_labels(tmp_path: Path):
    from microtome.specimen.adder.tokenizer import build_tokenizer

    model = tiny_model("llama")
    model.tokenizer = build_tokenizer()
    file = tmp_path / "sums.jsonl"
    lines = [{"text": f"{i % 10} + {i % 7} =", "label": i % 2} for i in range(40)]
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    labelled = read_labelled(file)
    assert labelled[1] == ("1 + 1 =", True)
    (found,) = probe_texts(Models(model), random_sae(), labelled, "odd")
    assert (found.examples, found.positive, found.task) == (40, 0.5, "odd")
    with pytest.raises(MicrotomeError, match="fewer than two"):
        probe_texts(Models(model), random_sae(), labelled[::2], "odd")
    # a text longer than the model's context is cut, one without tokens left out
    more = [*labelled, ("1 + " * 100, True), ("", False)]
    (found,) = probe_texts(Models(model), random_sae(), more, "odd")
    assert found.examples == 41
    with pytest.raises(MicrotomeError, match="no text with a token that counts"):
        probe_texts(Models(model), random_sae(), [("", True), ("", False)], "odd")
    model.tokenizer = None
    with pytest.raises(MicrotomeError, match="no tokenizer"):
        probe_texts(Models(model), random_sae(), labelled, "odd")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "a"}', 'line 1 is not a JSON object with "text" and "label"'),
        ("[1]", 'line 1 is not a JSON object with "text" and "label"'),
        ('{"text": "a", "label": "yes"}', "label 'yes' is neither true"),
        ('{"text": null, "label": 1}', "line 1: field 'text' is null"),
        ("[" * 100_000, "line 1 is not a JSON object"),
        ("", "are empty"),
    ],
)
def test_labelled_files_that_are_not(tmp_path: Path, line: str, words: str):
    file = tmp_path / "bad.jsonl"
    file.write_text(line)
    with pytest.raises(MicrotomeError, match=words):
        read_labelled(file)
    file.write_bytes(b"\xff")
    with pytest.raises(MicrotomeError, match="line 1 is not a JSON object"):
        read_labelled(file)
    with pytest.raises(MicrotomeError, match="do not exist"):
        read_labelled(tmp_path / "none.jsonl")
