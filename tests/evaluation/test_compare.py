"""Two dictionaries on one text, and where a layer decides the answer."""

from dataclasses import replace

import pytest
import torch

from microtome.data.block import parts
from microtome.errors import MicrotomeError
from microtome.evaluation import LinearMap, compare, find_flips
from microtome.evaluation.compare import load_sides
from microtome.evaluation.fit import fit_baselines
from microtome.evaluation.models import Models
from microtome.model import Site
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import SITE, blocks, identity_sae, random_sae
from tests.model.families import tiny_model

TEXT = "3 + 4 = 7"


def model_with_tokens():
    model = tiny_model("llama")
    model.tokenizer = build_tokenizer()
    return model


def test_the_active_features_of_both_side_by_side():
    model = model_with_tokens()
    a, b = tiny_dictionary(model, seed=1), tiny_dictionary(model, "clt", seed=2)
    found = compare(model, a, b, TEXT, top=3)
    tokens = model.tokenize(TEXT)
    n = tokens.shape[1] - 1
    assert len(found.cells) == 3 * n
    run = model.run(tokens, [*a.reads, *a.writes])
    for j, site in enumerate(a.writes):
        cells = [c for c in found.cells if c.site == site]
        for side, dictionary in enumerate((a, b)):
            inputs = [run[r][0, 1:] for r in dictionary.reads]
            codes = dictionary.encode(inputs)
            x, y = run[site][0, 1:], dictionary.reconstruct(inputs)[j]
            error = (x - y).pow(2).sum(-1) / x.pow(2).sum(-1)
            for row, cell in enumerate(cells):
                assert cell.position == row + 1
                assert cell.error[side] == pytest.approx(float(error[row]))
                writers = range(j + 1) if dictionary is b else [j]
                sizes = {}
                for e in writers:
                    decoder = dictionary.decoders[e]
                    norms = decoder.weight[:, decoder.targets.index(j)].norm(dim=-1)
                    dense = codes[e].dense()[row]
                    for f in dense.nonzero()[:, 0].tolist():
                        sizes[e, f] = float(dense[f] * norms[f])
                assert cell.active[side] == len(sizes)
                best = sorted(sizes, key=lambda name: -sizes[name])[:3]
                assert [(f.encoder, f.feature) for f in cell.features[side]] == best


def test_twins_are_named():
    model = model_with_tokens()
    a = random_sae()
    order = torch.randperm(40)
    shuffled = replace(
        a,
        encoders=(
            replace(a.encoders[0], weight=a.encoders[0].weight[order], bias=a.encoders[0].bias),
        ),
        decoders=(replace(a.decoders[0], weight=a.decoders[0].weight[order]),),
    )
    for cell in compare(model, a, shuffled, TEXT).cells:
        assert cell.error[0] == pytest.approx(cell.error[1])
        for ours, theirs in zip(*cell.features, strict=True):
            assert ours.twin == (0, theirs.feature)
            assert theirs.twin == (0, ours.feature)
            assert int(order[theirs.feature]) == ours.feature


def test_dictionaries_without_a_common_site_are_refused():
    model = model_with_tokens()
    elsewhere = random_sae(site="blocks.0.mlp.out")
    with pytest.raises(MicrotomeError, match="no site in common"):
        compare(model, random_sae(), elsewhere, TEXT)
    with pytest.raises(MicrotomeError, match=r"blocks\.2\.mlp\.out is not written by both"):
        compare(model, random_sae(), random_sae(), TEXT, sites=["blocks.2.mlp.out"])


def test_dictionaries_of_two_models_are_refused():
    site = "blocks.0.mlp.out"
    two = replace(random_sae(site=site), reads=(f"other:{site}",), writes=(f"other:{site}",))
    with pytest.raises(MicrotomeError, match="of a second model, but dictionaries are compared"):
        load_sides(model_with_tokens(), two, two)


def test_a_linear_map_has_no_features_and_the_error_of_least_squares():
    model = model_with_tokens()
    a = tiny_dictionary(model)
    rows = list(parts(blocks(6, 12, 10, seed=7), 1000))
    sides = load_sides(model, a, None, rows)
    assert isinstance(sides[1], LinearMap)
    found = compare(model, *sides, TEXT)
    fit = fit_baselines(Models(model), a, rows)
    run = model.run(model.tokenize(TEXT), [*a.reads, *a.writes])
    for cell in found.cells:
        j = a.writes.index(cell.site)
        x, y = run[a.reads[j]][0, cell.position], run[cell.site][0, cell.position]
        moments = fit.moments[j]
        made = (x - moments.mean_x) @ moments.linear_map() + moments.mean_y
        expected = float((made - y).pow(2).sum() / y.pow(2).sum())
        assert cell.error[1] == pytest.approx(expected, rel=1e-5)
        assert cell.features[1] == ()
    with pytest.raises(MicrotomeError, match="is the identity"):
        load_sides(model, identity_sae(), None, rows)


def test_flips_are_right_answers_that_ablation_takes():
    model = tiny_model("llama")
    tokens = model.generate(blocks(1, 30, 2)[0], max_new_tokens=8)
    rows = list(parts([tokens], 1000))
    (found,) = find_flips(model, identity_sae(), random_sae(), rows, examples=1000)
    edit = {Site.parse(SITE): lambda x: torch.cat([x[:, :1], torch.zeros_like(x[:, 1:])], 1)}
    clean = model.run(tokens).logits[:, :-1]
    ablated = model.run(tokens, edit=edit).logits[:, :-1]
    right = clean.argmax(-1) == tokens[:, 1:]
    flipped = right & (ablated.argmax(-1) != tokens[:, 1:])
    assert found.flipped > 3
    assert (found.right, found.flipped) == (int(right.sum()), int(flipped.sum()))
    assert found.restored[0].value == 1
    assert found.restored[1].value < 1
    assert len(found.examples) == found.flipped
    for flip in found.examples:
        assert flipped[flip.document, flip.position - 1]
        answer = int(tokens[flip.document, flip.position])
        probabilities = clean[flip.document, flip.position - 1].softmax(-1)
        assert flip.clean == pytest.approx(float(probabilities[answer]))
        assert flip.spliced[0] == pytest.approx(flip.clean)
        assert flip.restored[0]
    drops = [flip.clean - flip.ablated for flip in found.examples]
    assert drops == sorted(drops, reverse=True)
