"""Figures of a compiled circuit: what is known of it comes out."""

import pytest
import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.intervention import Features, Intervention, hold, intervene
from microtome.specimen.compiled import Inputs
from microtome.specimen.score.compiled import Circuit, direction_match, random_claims
from microtome.specimen.score.concepts import ask
from microtome.specimen.score.dictionaries import Plan
from microtome.specimen.score.labels import activations_at
from microtome.specimen.score.result import Scored
from microtome.specimen.score.swaps import (
    Claims,
    Swaps,
    draw_swaps,
    feature_vectors,
    swap_figures,
    swapped_logits,
    truth_vectors,
    written_at,
)
from tests.specimen.score.conftest import TINY


@pytest.fixture(scope="module")
def swaps(circuit: Circuit) -> Swaps:
    return draw_swaps(circuit.program, circuit.truth, circuit.inputs, 6, seed=1)


def reader(circuit: Circuit, site: str) -> Dictionary:
    """An SAE whose features are the values of the variables at a site, read as the truth does."""
    known = [v for v in circuit.variables if v.site == site and v.directions]
    vectors = torch.cat([circuit.tensors[str(v.directions)] for v in known]).float()
    centred = torch.cat(
        [
            circuit.tensors[str(v.directions)] - circuit.tensors[str(v.directions)].mean(0)
            for v in known
        ]
    ).float()
    x = circuit.training(site)
    weight = torch.linalg.pinv(torch.cat([centred, x.mean(0)[None]]).T)[: len(vectors)]
    encoder = Encoder(weight, torch.zeros(len(vectors)), Activation("relu"))
    return Dictionary(
        (site,),
        (site,),
        (encoder,),
        (Decoder(vectors[:, None], (0,)),),
        (torch.zeros(vectors.shape[1]),),
        skip_first=False,
    )


def test_the_truths_own_directions_do_what_the_program_says(circuit: Circuit, swaps: Swaps):
    assert len(swaps) > 10
    assert swaps.changed.any(1).all()
    plain = swapped_logits(circuit.model, swaps, {})
    vectors = truth_vectors(swaps, circuit.truth, circuit.tensors)
    ideal = swapped_logits(circuit.model, swaps, vectors)
    assert swap_figures(swaps, ideal, plain, ideal) == {
        "predicted": 1.0,
        "kept": 1.0,
        "effect_r2": 1.0,
    }
    nothing = swap_figures(swaps, plain, plain, ideal)
    assert nothing == {"predicted": 0.0, "kept": 1.0, "effect_r2": 0.0}


def test_no_variable_is_swapped_more_often_than_asked(circuit: Circuit, swaps: Swaps):
    counts = {name: swaps.variables.count(name) for name in swaps.variables}
    assert max(counts.values()) <= 6
    assert len(counts) >= 3
    assert all(circuit.truth.variable(name).site.startswith("blocks.") for name in counts)


def test_swaps_through_features_are_interventions_on_features(circuit: Circuit, swaps: Swaps):
    """All swaps in one pass, against `intervene` one by one."""
    site = "blocks.0.resid.post"
    name = next(v.name for v in circuit.variables if v.site == site)
    n = len(circuit.truth.variable(name).values)
    sae = reader(circuit, site)
    claims = Claims({name: torch.arange(n)}, {name: torch.linspace(0.5, 1.5, n)})
    found = activations_at(circuit.model, swaps.tokens, [site])[site]
    x = {site: found[torch.arange(len(swaps)), swaps.at]}
    vectors = feature_vectors(swaps, circuit.truth, {site: sae}, claims, x)
    logits = swapped_logits(circuit.model, swaps, vectors)
    compared = 0
    for i in [j for j, other in enumerate(swaps.variables) if other == name][:4]:
        old, new, at = int(swaps.old[i]), int(swaps.new[i]), (int(swaps.at[i]),)
        off = Intervention(what=Features.of((0, old)), how="ablate", positions=at)
        to = float(claims.levels[name][new])
        on = Intervention(what=Features.of((0, new)), how="clamp", value=to, positions=at)
        baseline = hold(circuit.model, swaps.tokens[i : i + 1], sae)
        expected = intervene(baseline, [(off, on)]).logits[0]
        torch.testing.assert_close(logits[i], expected, rtol=1e-4, atol=1e-3)
        compared += 1
    assert compared


def test_figures_are_measured_on_texts_of_the_test(
    circuit: Circuit, monkeypatch: pytest.MonkeyPatch
):
    from microtome.specimen.score import compiled, traced

    labelled = circuit.labelled
    test = {tuple(text) for text in labelled.tokens[labelled.test].tolist()}
    trained = {tuple(text) for text in labelled.tokens[~labelled.test].tolist()}
    assert {tuple(text) for text in circuit.test_inputs.tokens.tolist()} == test
    assert not test & trained
    promised = [inputs.targets.tolist() for inputs in (circuit.inputs, circuit.test_inputs)]
    by_text = dict(zip(map(tuple, circuit.inputs.tokens.tolist()), promised[0], strict=True))
    for text, targets in zip(circuit.test_inputs.tokens.tolist(), promised[1], strict=True):
        assert by_text[tuple(text)] == targets
    drawn = []

    def recorded(*given: object):
        drawn.extend(one for one in given if isinstance(one, Inputs))
        raise InterruptedError

    monkeypatch.setattr(compiled, "draw_swaps", recorded)
    monkeypatch.setattr(traced, "answered_prompts", recorded)
    with pytest.raises(InterruptedError):
        compiled.swap_outcomes(circuit, {}, {}, TINY, 0)
    with pytest.raises(InterruptedError):
        traced.score_graphs(circuit, TINY, Plan(("topk",), 32, 2, 32, 0))
    assert len(drawn) == 2
    for inputs in drawn:
        assert {tuple(text) for text in inputs.tokens.tolist()} == test


def test_random_claims_name_features_that_are_there():
    claims = Claims({"a": torch.arange(9)}, {"a": torch.ones(9)})
    drawn = random_claims(claims, 5, seed=0)
    assert int(drawn.features["a"].max()) < 5
    assert drawn.levels is claims.levels


def test_changes_are_made_where_they_reach_everything():
    assert str(written_at("blocks.1.resid.mid")) == "blocks.1.attn.out"
    assert str(written_at("blocks.0.resid.post")) == "blocks.0.mlp.out"
    assert str(written_at("embed")) == "embed"


def test_features_that_are_the_values_cover_them(circuit: Circuit):
    site = "blocks.0.resid.post"
    variables = {v.name: v.site for v in circuit.variables if v.site == site}
    questions = ask(circuit.labelled, variables, circuit.x)
    judged = questions.of_dictionaries({site: reader(circuit, site)})
    shuffled = questions.of_shuffled({site: reader(circuit, site)}, torch.Generator())
    assert questions.of_probe().mean > 0.97
    assert judged.mean > 0.9
    assert shuffled.mean < questions.chance + 0.1
    assert direction_match(circuit, {site: reader(circuit, site)}) > 0.6


def test_a_whole_circuit(scored: Scored):
    by_name = {(o.task, o.method): o for o in scored.outcomes}
    concepts = {m: o.figures for (task, m), o in by_name.items() if task == "concepts"}
    assert set(concepts) == {
        *TINY.architectures,
        "random dictionary",
        "PCA",
        "linear probe",
        "shuffled labels",
    }
    assert all(
        concepts["linear probe"]["coverage"] > concepts[name]["coverage"] - 0.05
        for name in concepts
    )
    chance = scored.chance["concepts"]["coverage"]
    assert concepts["shuffled labels"]["coverage"] < chance + 0.05
    assert {name for name in concepts if "mcc" in concepts[name]} == {
        *TINY.architectures,
        "random dictionary",
    }
    swapped = {m: o.figures for (task, m), o in by_name.items() if task == "interventions"}
    assert swapped["truth's directions"]["predicted"] == 1.0
    assert swapped["random features"]["predicted"] < 0.2
    assert swapped["random features"]["effect_r2"] < 0.1
    edges = {m: o.figures for (task, m), o in by_name.items() if task == "edges"}
    assert edges["shuffled variables"]["auroc"] == pytest.approx(0.5, abs=0.05)
    # no feature of a CLT of 20 steps stands for a variable, so its graphs only join the tokens to
    # the answer: wrong, above 6 of the 7 wrong pairs and all right ones, which are at 0
    assert edges["graphs of a CLT"] == {
        "auroc": pytest.approx(0.5 * 6 / 7),
        "matched": 0.0,
        "variables": 0.0,
    }
    # three short prompts do not use the whole circuit, but what they show is right
    assert edges["exact PLT (neurons)"]["auroc_shown"] == 1.0
