"""Reconstruction figures against independent numpy computations."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation import evaluate
from microtome.evaluation.evaluate import Options
from microtome.evaluation.sums import DocumentSums
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import BARE, SITE, blocks, constant_sae, identity_sae, random_sae
from tests.model.families import D, tiny_model


def activations(model, site: str = SITE) -> np.ndarray:
    """Every token but the first of each row."""
    parts = [model.run(b, [site])[site][:, 1:].flatten(0, 1) for b in blocks()]
    return torch.cat(parts).numpy()


def by_hand(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    error = ((x - y) ** 2).sum(1)
    norms = np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1)
    return {
        "fvu": error.sum() / ((x - x.mean(0)) ** 2).sum(),
        "explained_variance": 1 - error.sum() / ((x - x.mean(0)) ** 2).sum(),
        "mse": error.mean(),
        "cosine": ((x * y).sum(1) / (norms[0] * norms[1])).mean(),
        "l2_norm_in": norms[0].mean(),
        "l2_norm_out": norms[1].mean(),
        "l2_ratio": (norms[1] / norms[0]).mean(),
        "relative_bias": (y**2).sum(1).mean() / (x * y).sum(1).mean(),
    }


def figures(dictionary: Dictionary, options: Options = BARE, site: int = 0) -> dict[str, float]:
    model = tiny_model("llama")
    (found,) = evaluate(model, [dictionary], blocks(), options=options)
    return {name: figure.value for name, figure in found.sites[site].figures.items()}


def test_figures_are_the_definitions():
    model, dictionary = tiny_model("llama"), random_sae()
    x = torch.tensor(activations(model))
    (codes,) = dictionary.encode([x])
    expected = by_hand(x.numpy(), dictionary.reconstruct([x])[0].numpy())
    expected |= {"l0": float((codes.dense() > 0).sum(1).double().mean())}
    expected |= {"l1": float(codes.dense().sum(1).mean())}
    found = figures(dictionary)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("kind", ["plt", "skip", "clt"])
def test_every_written_site_has_its_figures(kind: str):
    model = tiny_model("gpt2")
    dictionary = tiny_dictionary(model, kind)
    (found,) = evaluate(model, [dictionary], blocks(), options=BARE)
    x = [torch.tensor(activations(model, site)) for site in dictionary.reads]
    codes = dictionary.encode(x)
    for j, site in enumerate(dictionary.writes):
        y = dictionary.reconstruct(x)[j].numpy()
        expected = by_hand(activations(model, site), y)
        for name, value in expected.items():
            assert found.sites[j].figures[name].value == pytest.approx(value, rel=1e-9), name
        writers = range(j + 1) if kind == "clt" else [j]
        l0 = sum(codes[e].n_active for e in writers) / len(x[0])
        assert found.sites[j].figures["l0"].value == pytest.approx(l0)
    mean = np.mean([site.figures["fvu"].value for site in found.sites])
    assert found.means["fvu"].value == pytest.approx(mean)


def test_the_variance_is_around_the_mean():
    """A large mean makes 0.70 read as 0.91 where the raw second moment is the denominator."""
    model = tiny_model("llama")
    with torch.no_grad():
        model.blocks[1].mlp.down_proj.bias.fill_(100.0)
    mean = torch.tensor(activations(model).mean(0))
    (found,) = evaluate(model, [constant_sae(mean)], blocks(), options=BARE)
    assert found.sites[0].figures["fvu"].value == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("tokens_at_once", [1, 7, 25, 1000])
def test_no_figure_depends_on_the_size_of_a_pass(tokens_at_once: int):
    whole = figures(random_sae())
    parts = figures(random_sae(), replace(BARE, tokens_at_once=tokens_at_once))
    assert parts == pytest.approx(whole, rel=1e-9)


def test_an_identity_explains_everything_and_says_how_many_tokens():
    model = tiny_model("llama")
    (found,) = evaluate(model, [identity_sae()], blocks(), options=BARE)
    assert found.tokens == 3 * 6 * 9
    assert found.documents == 18
    figures = found.sites[0].figures
    assert figures["fvu"].value == 0
    assert figures["cosine"].value == pytest.approx(1)
    assert figures["l0"].value == D
    assert {figure.n for figure in figures.values()} == {found.tokens}


def test_position_0_and_special_tokens_follow_the_dictionarys_policy(monkeypatch):
    from microtome.data import policy

    monkeypatch.setattr(policy, "special_tokens", lambda model: [0, 1, 2, 7])
    model = tiny_model("llama")
    counts = {}
    for first in (True, False):
        for special in (True, False):
            dictionary = identity_sae(skip_first=first, skip_special=special)
            (found,) = evaluate(model, [dictionary], blocks(), options=BARE)
            counts[first, special] = found.tokens
            assert found.policy == {"skip_first": first, "skip_special": special}
    tokens = torch.cat(blocks())
    assert counts[False, False] == tokens.numel()
    assert counts[True, False] == tokens[:, 1:].numel()
    assert counts[True, True] == int((tokens[:, 1:] != 7).sum())


def test_nan_is_an_error_that_names_the_site():
    dictionary = random_sae()
    broken = replace(dictionary, biases=(torch.full((D,), float("nan"), dtype=torch.float64),))
    with pytest.raises(MicrotomeError, match=r"blocks\.1\.mlp\.out is not finite"):
        figures(broken)


def test_documents_of_merged_parts_are_one_row():
    def sums(documents: list[int], values: list[float]) -> DocumentSums:
        return DocumentSums.of(torch.tensor(documents), {"x": torch.tensor(values)})

    merged = DocumentSums.merged([sums([1, 1, 0], [1, 2, 4]), sums([1, 5], [8, 16])])
    assert merged.documents.tolist() == [0, 1, 5]
    assert merged.values[:, 0].tolist() == [4, 11, 16]
    with pytest.raises(MicrotomeError, match="different documents"):
        merged.beside(sums([1], [1]), "b_")


def test_heads_and_the_stream_are_sites_like_others():
    model = tiny_model("llama")
    for site in ("blocks.0.attn.head.out", "blocks.1.resid.post", "embed", "blocks.2.resid.mid"):
        (found,) = evaluate(model, [identity_sae(site=site)], blocks(), options=BARE)
        assert found.sites[0].figures["fvu"].value == pytest.approx(0, abs=1e-20)
