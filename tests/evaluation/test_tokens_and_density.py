"""Error token by token, and how often features fire."""

import pytest
import torch

from microtome.dictionary import Codes
from microtome.evaluation import evaluate
from microtome.evaluation.density import Firing, summarise_density
from microtome.evaluation.per_token import SCATTERED, PerTokenSums, per_token_sums
from tests.evaluation.cases import BARE, SITE, blocks, random_sae
from tests.model.families import tiny_model


def test_outliers_positions_and_tokens_are_those_of_the_dense_errors():
    model, dictionary = tiny_model("llama"), random_sae()
    (found,) = evaluate(model, [dictionary], blocks(), options=BARE)
    tokens = torch.cat(blocks())
    x = model.run(tokens, [SITE])[SITE]
    y = dictionary.reconstruct([x.flatten(0, 1)])[0].view_as(x)
    counted = x[:, 1:].flatten(0, 1)
    variance = (counted - counted.mean(0)).pow(2).sum(-1).mean()
    error = (x - y).pow(2).sum(-1) / variance
    error[:, 0] = 0
    one = found.per_token[0]
    worst = one.outliers[0]
    row, at = divmod(int(error.argmax()), 10)
    assert (worst.document, worst.position) == (row, at)
    assert worst.error == pytest.approx(float(error.max()))
    assert worst.token == model.token_string(int(tokens[row, at]))
    assert worst.before == "".join(model.token_string(int(t)) for t in tokens[row, :at])
    errors = [o.error for o in one.outliers]
    assert errors == sorted(errors, reverse=True)
    for group in one.by_position:
        assert group.error == pytest.approx(float(error[:, int(group.name)].mean()))
        assert group.tokens == 18
    fvu = found.sites[0].figures["fvu"].value
    mean = sum(g.error * g.tokens for g in one.by_position) / found.tokens
    assert mean == pytest.approx(fvu)
    for group in one.by_token:
        same = tokens == int(group.name.strip("<>"))
        same[:, 0] = False
        assert group.error == pytest.approx(float(error[same].mean()))
    assert len(one.scatter) == found.tokens


def test_the_scattered_sample_is_the_same_however_blocks_are_cut():
    n = SCATTERED + 500
    documents = (torch.arange(n) // 50)[:, None].expand(-1, 2)
    tokens, counts = torch.zeros(n, 2).long(), torch.tensor([False, True]).expand(n, 2)
    # documents of 50 rows would share positions; give each row its own
    documents = torch.arange(n)[:, None].expand(-1, 2)
    error, l0 = torch.rand(n).double(), torch.arange(n)

    def sums(part: slice) -> PerTokenSums:
        return per_token_sums(tokens[part], documents[part], counts[part], error[part], l0[part], 3)

    whole = sums(slice(None))
    merged = PerTokenSums.merged([sums(slice(700, None)), sums(slice(0, 700))])
    assert len(whole.scatter) == SCATTERED
    assert torch.equal(whole.scatter, merged.scatter)
    assert whole.outliers == merged.outliers


def test_densities_dead_and_dense():
    fires = torch.zeros(1000, 4)
    fires[:, 1] = 1
    fires[:5, 2] = 1
    fires[:101, 3] = 1
    parts = [Firing.of(Codes.from_mask(part, part > 0)) for part in fires.split(300)]
    found = summarise_density("site", Firing.merged(parts))
    assert found.tokens == 1000
    assert found.density == (0, 1, 0.005, 0.101)
    assert (found.dead, found.dense, found.features) == (1, 2, 4)
    assert found.l0 == pytest.approx(1.106)
    assert sum(found.histogram) == 3
    assert found.histogram[-1] == 1  # always on: log10 is 0, the last edge
    at = next(i for i, n in enumerate(found.histogram) if n)
    assert found.edges[at] <= torch.tensor(0.005).log10() < found.edges[at + 1]
    assert found.over_1_percent == 0.5
    assert found.firing_over_10_percent == pytest.approx(1.101 / 1.106)
