"""Losses feature by feature, against sums over dense masks."""

import pytest
import torch

from microtome.data.block import parts
from microtome.dictionary import Codes
from microtome.evaluation import evaluate
from microtome.evaluation.bootstrap import Bootstrap, ratio
from microtome.evaluation.fit import fit_baselines
from microtome.evaluation.models import Models
from microtome.evaluation.per_feature import FeatureSums
from microtome.evaluation.sums import DocumentSums
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import FAST, blocks
from tests.model.families import tiny_model


def random_codes(rows: int, features: int, share: float = 0.3) -> Codes:
    values = torch.rand(rows, features)
    return Codes.from_mask(values, values < share)


def test_means_on_and_off_are_those_of_the_dense_mask():
    codes, loss = random_codes(300, 6), torch.randn(300)
    documents, keep = torch.arange(300) // 10, torch.rand(300) > 0.2
    whole = FeatureSums.of(codes, documents, {"loss": loss}, keep)
    cut = [
        FeatureSums.of(
            Codes.from_mask(codes.dense()[part], codes.dense()[part] > 0),
            documents[part],
            {"loss": loss[part]},
            keep[part],
        )
        for part in (slice(0, 100), slice(100, 300))
    ]
    for sums in (whole, FeatureSums.merged(cut)):
        for f in range(6):
            on = (codes.dense()[:, f] > 0) & keep
            figure = sums.mean_on(f, "loss")
            assert figure.value == pytest.approx(float(loss[on].mean()), rel=1e-5)
            assert figure.n == int(on.sum())
            off = float(loss[keep & ~on].mean())
            assert sums.mean_off(f, "loss") == pytest.approx(off, rel=1e-5)


def test_the_interval_is_that_of_a_bootstrap_over_documents():
    documents = torch.arange(4000) // 20
    loss = torch.randn(200)[documents] + torch.randn(4000) * 0.3
    codes = random_codes(4000, 2)
    keep = torch.ones(4000, dtype=torch.bool)
    figure = FeatureSums.of(codes, documents, {"loss": loss}, keep).mean_on(0, "loss")
    on = codes.dense()[:, 0] > 0
    sums = DocumentSums.of(documents, {"loss": loss * on, "tokens": on})
    estimate = Bootstrap(sums, draws=2000).estimate(ratio("loss", "tokens"))
    assert estimate is not None
    drawn = estimate.figure()
    assert figure.value == pytest.approx(drawn.value, abs=1e-6)
    assert figure.low == pytest.approx(drawn.low, abs=0.02)
    assert figure.high == pytest.approx(drawn.high, abs=0.02)


def test_the_three_stand_ins_against_the_model_itself():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    tokens, site, e = torch.cat(blocks()), "blocks.1.mlp.out", 1
    training = blocks(6, 12, 10, seed=7)
    (found,) = evaluate(model, [dictionary], blocks(), training, FAST)
    one = found.per_feature[e]
    assert one.site == site
    assert one.tokens == 18 * 8  # of 9 that count, the last of a row predicts nothing
    run = model.run(tokens, [*dictionary.reads, *dictionary.writes])
    x, y = run[dictionary.reads[e]], run[site]
    codes = dictionary.encode([run[r].flatten(0, 1) for r in dictionary.reads])
    moments = fit_baselines(Models(model), dictionary, list(parts(training, 1000))).moments[e]
    stand_ins = {
        "dictionary": dictionary.reconstruct([run[r].flatten(0, 1) for r in dictionary.reads])[
            e
        ].view_as(y),
        "linear": (x - moments.mean_x) @ moments.linear_map() + moments.mean_y,
        "ablated": torch.zeros_like(y),
    }
    variance = (y[:, 1:] - y[:, 1:].mean((0, 1))).pow(2).sum(-1).mean()
    from microtome.model import Site

    def ce(logits: torch.Tensor) -> torch.Tensor:
        return -logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]

    for loss in one.features[:3]:
        on = (codes[e].dense()[:, loss.feature] > 0).view(18, 10)[:, 1:-1]
        assert loss.tokens == int(on.sum())
        for name, put in stand_ins.items():
            error = (put - y).pow(2).sum(-1)[:, 1:-1] / variance
            assert loss.layer[name].on.value == pytest.approx(float(error[on].mean()), rel=1e-4)
            edit = {Site.parse(site): lambda x, put=put: torch.cat([x[:, :1], put[:, 1:]], 1)}
            added = (ce(model.run(tokens, edit=edit).logits) - ce(run.logits))[:, 1:]
            found_loss = loss.prediction[name]
            assert found_loss.on.value == pytest.approx(float(added[on].mean()), abs=1e-5)
            assert found_loss.off == pytest.approx(float(added[~on].mean()), abs=1e-5)
        assert loss.gain is not None
        gain = loss.prediction["linear"].on.value - loss.prediction["dictionary"].on.value
        assert loss.gain.on.value == pytest.approx(gain)
    needs = [loss.prediction["ablated"].on.value for loss in one.features]
    assert needs == sorted(needs, reverse=True)
    assert one.beats_linear is not None
    assert one.beats_linear.n == one.ranked == len(one.features)
