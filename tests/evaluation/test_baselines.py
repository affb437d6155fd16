"""Baselines: what they are, and that the verdict tells learning from noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from microtome.data.block import parts
from microtome.evaluation import evaluate
from microtome.evaluation.baselines import pca, random_decoder, random_init, random_model
from microtome.evaluation.fit import Moments, fit_baselines, own_read
from microtome.evaluation.models import Models
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import FAST, SITE, blocks, identity_sae, random_sae
from tests.model.families import D, tiny_model

WITH = replace(FAST, baselines=True)


def training(n: int = 6) -> list[torch.Tensor]:
    return blocks(n, 12, 10, seed=7)


def fit(model, dictionary):
    return fit_baselines(Models(model), dictionary, list(parts(training(), 1000)))


def rows(model, site: str) -> torch.Tensor:
    return torch.cat([model.run(b, [site])[site][:, 1:].flatten(0, 1) for b in blocks()])


def test_moments_give_the_least_squares_map():
    x = torch.randn(500, 5).double() + 3
    y = x @ torch.randn(5, 4).double() + torch.randn(500, 4).double() - 7
    moments = Moments.of(x[:200], y[:200]).plus(Moments.of(x[200:], y[200:]))
    centred = x - x.mean(0), y - y.mean(0)
    expected = np.linalg.lstsq(centred[0].numpy(), centred[1].numpy(), rcond=None)[0]
    assert np.allclose(moments.linear_map().numpy(), expected, atol=1e-4)
    assert moments.size("y") == pytest.approx(float(centred[1].pow(2).mean().sqrt()))
    assert torch.allclose(moments.covariance, x.T.cov(correction=0))


def test_the_site_that_baselines_read():
    model = tiny_model("llama")
    clt = tiny_dictionary(model, "clt")
    assert [own_read(clt, j) for j in range(3)] == list(clt.reads)
    assert own_read(identity_sae(), 0) == SITE


def test_pca_keeps_the_largest_components():
    model, dictionary = tiny_model("llama"), random_sae(k=4)
    found = pca(dictionary, fit(model, dictionary))
    x = rows(model, SITE)
    made = found.reconstruct([x])
    train = torch.cat([model.run(b, [SITE])[SITE][:, 1:].flatten(0, 1) for b in training()])
    mean = train.mean(0)
    components = np.linalg.svd((train - mean).numpy(), full_matrices=False)[2]
    codes = (x - mean).numpy() @ components.T
    smallest = np.sort(np.abs(codes), axis=1)[:, -4][:, None]
    expected = np.where(np.abs(codes) >= smallest, codes, 0) @ components + mean.numpy()
    assert np.allclose(made.outputs[0].numpy(), expected, atol=1e-4)
    assert made.active[0].unique().tolist() == [4]


def test_pca_of_all_components_is_the_linear_map():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    facts = fit(model, dictionary)
    full = replace(facts, l0_written=(float(D),) * 3)
    x = [rows(model, site) for site in dictionary.reads]
    made = pca(dictionary, full).reconstruct(x)
    for j, moments in enumerate(facts.moments):
        expected = (x[j] - moments.mean_x) @ moments.linear_map() + moments.mean_y
        assert torch.allclose(made.outputs[j], expected, atol=1e-3)


def test_the_random_decoder_is_best_for_its_choice():
    model, dictionary = tiny_model("llama"), random_sae(features=200, k=4)
    baseline = random_decoder(dictionary, fit(model, dictionary))
    site = baseline.sites[0]
    assert site.directions.shape == (200, D)
    assert torch.allclose(site.directions.norm(dim=1), torch.ones(200), atol=1e-5)
    x = rows(model, SITE)
    made = baseline.reconstruct([x])
    residual = (x - made.outputs[0]).float()
    # least squares leaves nothing along the chosen directions
    y = (x - site.mean_x).float()
    chosen = site.directions[(y @ site.directions.T).topk(4).indices]
    along = torch.einsum("nkd,nd->nk", chosen, residual).abs().max()
    assert float(along) < 1e-3
    fvu = residual.pow(2).sum() / y.pow(2).sum()
    assert 0.1 < float(fvu) < 0.9


@pytest.mark.parametrize("kind", ["plt", "clt"])
def test_a_random_dictionary_fires_as_often_and_is_of_the_same_shape(kind: str):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, kind)
    facts = fit(model, dictionary)
    random = random_init(dictionary, facts)
    assert (random.kind, random.reads, random.writes) == (kind, dictionary.reads, dictionary.writes)
    assert random.n_features == dictionary.n_features
    codes = random.encode([rows(model, site).float() for site in random.reads])
    for e, code in enumerate(codes):
        # features that are negative do not fire, so it is at most the k that was asked for
        assert code.n_active / code.n_rows == pytest.approx(round(facts.l0[e]), rel=0.2)
    sizes = random.decoders[0].weight.flatten(1).norm(dim=1)
    assert float(sizes.std() / sizes.mean()) < 0.5


def test_a_random_model_has_the_same_weights_in_another_order():
    model = tiny_model("llama-tied")
    before = model.fingerprint
    shuffled = random_model(model)
    for (name, a), b in zip(model.hf.named_parameters(), shuffled.hf.parameters(), strict=True):
        assert torch.equal(a.flatten().sort().values, b.flatten().sort().values), name
        if a.ndim > 1:
            assert not torch.equal(a, b), name
    assert model.fingerprint == before
    assert not torch.allclose(model.run(blocks()[0]).logits, shuffled.run(blocks()[0]).logits)


def test_noise_has_learned_nothing_and_the_report_says_so():
    model = tiny_model("llama")
    (found,) = evaluate(model, [random_sae()], blocks(), training(), WITH)
    assert [b.name for b in found.baselines] == [
        "random init",
        "random decoder",
        "PCA",
        "random model",
    ]
    assert not any(b.beaten for b in found.baselines[1:])
    assert found.verdict.startswith("Does NOT clearly beat")
    assert "PCA" in found.verdict


def test_what_explains_more_with_as_many_features_beats_them():
    """Directions that the site really uses, four at a time."""
    model = tiny_model("llama", torch.float32)
    tokens = blocks(6, 12, 10)
    facts = random_sae(k=4)
    # each token's own activation as a feature: nothing can explain more with one
    x = torch.cat([model.run(b, [SITE])[SITE][:, 1:].flatten(0, 1) for b in tokens])
    unit = torch.nn.functional.normalize(x.double(), dim=-1)
    best = replace(
        facts,
        encoders=(replace(facts.encoders[0], weight=unit, bias=torch.zeros(len(unit)).double()),),
        decoders=(replace(facts.decoders[0], weight=unit[:, None]),),
    )
    one = replace(best.encoders[0], activation=replace(best.encoders[0].activation, k=1))
    best = replace(best, encoders=(one,))
    (found,) = evaluate(model, [best], tokens, training(), WITH)
    assert found.sites[0].figures["fvu"].value < 0.01
    assert found.sites[0].figures["l0"].value == 1
    assert all(b.beaten for b in found.baselines if b.name != "random model")


def test_no_baselines_no_claim():
    (found,) = evaluate(tiny_model("llama"), [random_sae()], blocks(), options=FAST)
    assert found.verdict == "No baseline was measured, so these figures show nothing learned."
