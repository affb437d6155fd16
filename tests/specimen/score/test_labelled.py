"""Labelled tokens of any model, and dictionaries that came from elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from microtome.circuit import trace
from microtome.dictionary import Decoder, Dictionary, save_dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.score.by_layer import encoder_of
from microtome.specimen.score.compiled import Circuit
from microtome.specimen.score.dictionaries import Plan, principal_dictionary, train_transcoders
from microtome.specimen.score.labelled import Given, nearest_read, one_encoder, score_labelled
from microtome.specimen.score.labels import (
    activations_at,
    fresh_tokens,
    labelled_tokens,
    place,
    sides_of,
)
from microtome.specimen.score.matching import match_features, told_by_activity
from microtome.specimen.score.outside import model_of, score_dictionary, score_graph
from microtome.specimen.score.traced import answered_prompts
from microtome.specimen.truth import Truth, Variable, save_truth
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model
from tests.specimen.score.conftest import TINY
from tests.specimen.score.test_edges import RIGHT, WRONG, graph, truth


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return tiny_model("llama", torch.float32)


@pytest.fixture(scope="module")
def world(model: LanguageModel) -> tuple[Truth, dict[str, torch.Tensor]]:
    """Whether a token is even, and which of four kinds the one before it was."""
    tokens = torch.randint(3, 9, (120, 8), generator=torch.Generator().manual_seed(0))
    before = torch.full_like(tokens, -1)
    before[:, 1:] = tokens[:, :-1] % 4
    tensors = {
        "tokens": tokens.int(),
        "even": (tokens % 2).to(torch.int16),
        "before": before.to(torch.int16),
    }
    variables = [
        Variable(name="even", site="embed", values=["yes", "no"], labels="even"),
        Variable(name="before", site="blocks.0.resid.mid", values=list("abcd"), labels="before"),
    ]
    return Truth(specimen="tiny", kind="world", variables=variables), tensors


@pytest.fixture(scope="module")
def folder(
    world: tuple[Truth, dict[str, torch.Tensor]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("world") / "truth"
    save_truth(*world, folder)
    return folder


@pytest.fixture(scope="module")
def circuit_folder(circuit: Circuit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("circuit") / "truth"
    save_truth(circuit.truth, dict(circuit.tensors), folder)
    return folder


@pytest.fixture(scope="module")
def plt(circuit: Circuit) -> Dictionary:
    """A transcoder of the circuit, trained for a moment."""
    mlps = [f"blocks.{i}.mlp.{end}" for end in ("in", "out") for i in range(2)]
    x = {site: circuit.training(site) for site in mlps}
    plan = Plan(("topk",), 24, 30, 64, 0)
    return train_transcoders(x, 2, 4, plan, ("plt",), circuit.model.fingerprint)["plt"]


def test_every_method_is_asked_for_every_variable(model: LanguageModel, world):
    site = "blocks.1.resid.post"
    sae = principal_dictionary(torch.randn(90, model.d_model), site, 3)
    clt = tiny_dictionary(model, "clt", features=16)
    known, tensors = world
    given = Given("tiny", model, known, tensors, {"own": clt, "topk": sae})
    scored = score_labelled(given, TINY, 0)
    by_name = {o.method: o for o in scored.outcomes}
    assert {name: o.role for name, o in by_name.items()} == {
        "topk": "dictionary",
        "batchtopk": "dictionary",
        "random dictionary": "random",
        "PCA": "method",
        "own": "dictionary",
        "topk (given)": "dictionary",
        "linear probe": "ceiling",
        "shuffled labels": "shuffled",
    }
    coverage = {name: o.figures["coverage"] for name, o in by_name.items()}
    for name, o in by_name.items():
        assert set(o.detail) == {"even", "before"}
        if o.role != "shuffled" and o.role != "ceiling":
            assert coverage["shuffled labels"] < coverage[name] < coverage["linear probe"]
    assert by_name["linear probe"].detail["even"] > 0.9
    assert coverage["shuffled labels"] < scored.chance["concepts"]["coverage"] + 0.1
    # by hand: the rows that are measured on, and what is active there
    labelled = labelled_tokens(known, tensors, TINY.texts, 0)
    rows = labelled.fresh & (torch.arange(8) > 0)
    read = clt.reads[nearest_read(clt, model.n_layers)]
    x = activations_at(model, labelled.tokens, [read, site])
    encoder = clt.to("cpu", torch.float32).encoders[nearest_read(clt, model.n_layers)]
    active = (encoder.encode(x[read][rows]).dense() > 0).sum() / rows.sum()
    assert by_name["own"].figures["l0"] == pytest.approx(float(active))
    assert "fvu" not in by_name["own"].figures
    error = x[site][rows] - sae.reconstruct([x[site][rows]])[0]
    fvu = error.square().sum() / (x[site][rows] - x[site][rows].mean(0)).square().sum()
    own = by_name["topk (given)"].figures
    assert (own["l0"], own["fvu"]) == (3.0, pytest.approx(float(fvu), rel=1e-4))


def test_what_training_texts_begin_with_is_not_measured_on(circuit: Circuit):
    tokens = torch.tensor([[1, 2, 3], [1, 2, 4], [1, 5, 3], [1, 5, 3]])
    fresh = fresh_tokens(tokens, torch.tensor([False, True, True, True]))
    assert fresh.tolist() == [[False] * 3, [False, False, True], *([[False, True, True]] * 2)]
    labelled = circuit.labelled
    trained = {
        tuple(text[: p + 1].tolist())
        for text in labelled.tokens[~labelled.test]
        for p in range(len(text))
    }
    for text, test, own in zip(labelled.tokens, labelled.test, labelled.fresh, strict=True):
        for p in range(len(text)):
            new = bool(test) and tuple(text[: p + 1].tolist()) not in trained
            assert bool(own[p]) == new
    assert 0 < labelled.test_rows.sum() < (labelled.rows & labelled.test[:, None]).sum()
    for variable in labelled.variables:
        defined = (labelled.grids[variable.name] >= 0) & (torch.arange(labelled.fresh.shape[1]) > 0)
        sides = sides_of(labelled, variable, labelled.tokens[:, :, None].float())
        assert len(sides.test_x) == (defined & labelled.fresh).sum()
        assert len(sides.x) == defined[~labelled.test].sum()


def test_a_text_stands_on_one_side_only(world):
    truth, tensors = world
    twice = {name: torch.cat([x, x]) for name, x in tensors.items()}
    labelled = labelled_tokens(truth, twice, 1000, 0)
    assert len(labelled.tokens) == 120
    assert labelled.test.sum() == 40
    assert torch.equal(labelled.grids["even"], labelled.tokens % 2)
    assert not labelled.rows[:, 0].any()
    with pytest.raises(MicrotomeError, match="labels 2 different texts"):
        labelled_tokens(truth, {name: x[:2] for name, x in tensors.items()}, 1000, 0)
    bare = Truth(specimen="bare", kind="world")
    with pytest.raises(MicrotomeError, match="no labels on tokens"):
        labelled_tokens(bare, tensors, 1000, 0)


def test_sites_stand_in_the_order_of_a_pass():
    order = ["tokens", "embed", "blocks.0.resid.mid", "blocks.0.mlp.in", "blocks.0.resid.post",
             "blocks.1.resid.mid", "final", "logits"]  # fmt: skip
    places = [place(site, 2) for site in order]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_one_encoder_of_a_clt_reads_as_it_did(model: LanguageModel):
    clt = tiny_dictionary(model, "clt", features=16)
    x = torch.randn(20, model.d_model)
    own = one_encoder(clt, 1)
    assert own.reads == (clt.reads[1],)
    dense = clt.encoders[1].encode(x.double()).dense()
    torch.testing.assert_close(own.encode([x.double()])[0].dense(), dense)
    assert nearest_read(clt, model.n_layers) == model.n_layers // 2


def test_activity_tells_values():
    x = torch.tensor([[1.0, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]] * 4)
    from microtome.dictionary import Codes

    codes = Codes.from_mask(x, x > 0)
    f1 = told_by_activity(codes, torch.tensor([0, 0, 1, 1] * 4), 2)
    assert f1.tolist() == pytest.approx([1.0, 1.0, 2 / 3])
    # a value that nearly all rows have is told by anything that is always on
    assert told_by_activity(codes, torch.tensor([0] * 15 + [1]), 2).tolist() == [0.0] * 3


def test_features_stand_for_what_is_known_by_their_layer(circuit: Circuit, plt: Dictionary):
    meanings = match_features(circuit.model, plt, circuit.truth, circuit.labelled)
    assert meanings.variables
    for (layer, _), name in meanings.variables.items():
        written = place(circuit.truth.variable(name).site, 2)
        assert written <= place(f"blocks.{layer}.resid.post", 2)
    strict = match_features(circuit.model, plt, circuit.truth, circuit.labelled, floor=0.9)
    assert strict.variables.items() < meanings.variables.items()


def test_a_dictionary_from_elsewhere(circuit: Circuit, circuit_folder: Path, plt: Dictionary):
    board = score_dictionary(plt, str(circuit_folder), circuit.model, seeds=(0, 1))
    (table,) = board.tables
    by_name = {row.method: row for row in table.rows}
    assert set(by_name) == {
        plt.name,
        "random dictionary",
        "PCA",
        "linear probe",
        "shuffled labels",
    }
    coverage = by_name[plt.name].figures["coverage"]
    assert len(coverage.seeds) == 2
    assert (coverage.low, coverage.high) == (None, None)
    assert board.splits
    probe = by_name["linear probe"].figures["coverage"].value
    assert probe > coverage.value > by_name["shuffled labels"].figures["coverage"].value
    assert "letter" in by_name[plt.name].detail
    by_hand = []
    labelled = labelled_tokens(circuit.truth, circuit.tensors, 4000, 0)
    for encoder in set(encoder_of(plt, circuit.truth, labelled, 2).values()):
        x = activations_at(circuit.model, labelled.tokens, [plt.reads[encoder]])
        rows = x[plt.reads[encoder]][labelled.test_rows]
        by_hand.append(float((plt.encoders[encoder].encode(rows).dense() > 0).sum()) / len(rows))
    l0 = by_name[plt.name].figures["l0"]
    assert l0.seeds[0] == pytest.approx(sum(by_hand) / len(by_hand))
    assert by_name["random dictionary"].figures["l0"].value == pytest.approx(l0.value, rel=0.3)


def test_a_dictionary_of_another_model_is_refused(
    circuit: Circuit, circuit_folder: Path, model: LanguageModel
):
    other = tiny_dictionary(model, "plt", features=8)
    with pytest.raises(MicrotomeError, match="has width"):
        score_dictionary(other, str(circuit_folder), circuit.model)
    with pytest.raises(MicrotomeError, match="is of a model; name it"):
        score_dictionary(other, str(circuit_folder))


def test_a_world_knows_no_sites(model: LanguageModel, folder: Path):
    plt = tiny_dictionary(model, "plt", features=16)
    board = score_dictionary(plt, str(folder), model, seeds=(0,))
    assert set(board.tables[0].rows[0].detail) == {"even", "before"}


def test_a_graph_from_elsewhere(circuit: Circuit, circuit_folder: Path, plt: Dictionary):
    (prompt,) = answered_prompts(circuit.inputs, 1, 0)
    answer = int(circuit.model.run(prompt).logits[0, -1].argmax())
    graph = trace(circuit.model, prompt, plt, answer)
    board = score_graph(graph, str(circuit_folder), plt, circuit.model, seeds=(0, 1))
    rows = {row.method: row.figures for row in board.tables[0].rows}
    assert rows["shuffled variables"]["auroc"].value == pytest.approx(0.5, abs=0.06)
    assert rows["graph"]["matched"].value > 0
    assert rows["graph"]["auroc"].low is None and board.splits
    with pytest.raises(MicrotomeError, match=r"no label .* names a variable .*--dictionary"):
        score_graph(graph, str(circuit_folder))
    with pytest.raises(MicrotomeError, match="in the model that it reads; name the model"):
        score_graph(graph, str(circuit_folder), plt)


def test_a_graph_of_another_dictionary_or_model_is_refused(
    circuit: Circuit, circuit_folder: Path, plt: Dictionary, model: LanguageModel
):
    (prompt,) = answered_prompts(circuit.inputs, 1, 0)
    graph = trace(circuit.model, prompt, plt, 3)
    features = len(plt.encoders[0].bias)
    other = tiny_dictionary(circuit.model, "plt", features)
    with pytest.raises(MicrotomeError, match=r"traced with the dictionary .* is another"):
        score_graph(graph, str(circuit_folder), other, circuit.model)
    with pytest.raises(MicrotomeError, match=r"traced with the model .* is another"):
        score_graph(graph, str(circuit_folder), plt, model)
    with pytest.raises(MicrotomeError, match=r"traced with the model .* is another"):
        score_graph(graph, str(circuit_folder), model=model)
    unknown = replace(graph, info={})
    board = score_graph(unknown, str(circuit_folder), plt, circuit.model, seeds=(0,))
    assert board.tables[0].rows[0].method == "graph"


@pytest.mark.parametrize(("edges", "auroc"), [(RIGHT, 1.0), (WRONG, 0.0)])
def test_a_graph_by_its_labels(tmp_path: Path, edges: dict, auroc: float):
    save_truth(truth(), {}, tmp_path / "truth")
    named = graph(edges).with_labels({1: "a", 2: "C", 3: "b = 1"})
    board = score_graph(named, str(tmp_path / "truth"), seeds=(0,))
    figures = board.tables[0].rows[0].figures
    assert figures["auroc"].value == auroc
    assert figures["matched"].value == 0.75


def test_a_graph_needs_edges_to_be_judged_by(circuit: Circuit, plt: Dictionary, folder: Path):
    (prompt,) = answered_prompts(circuit.inputs, 1, 0)
    graph = trace(circuit.model, prompt, plt, 3)
    with pytest.raises(MicrotomeError, match="tiny has no edges"):
        score_graph(graph, str(folder))


def test_truths_and_their_models(folder: Path):
    assert model_of("specimen:reverse", None) == "specimen:reverse"
    assert model_of("specimen:reverse/truth", None) == "specimen:reverse"
    with pytest.raises(MicrotomeError, match="specimen:reverse/truth is a specimen; leave it out"):
        model_of("specimen:reverse/truth", "mine")
    assert model_of(str(folder), "mine") == "mine"
    with pytest.raises(MicrotomeError, match="pass --model"):
        model_of(str(folder), None)
    (folder.parent / "model").mkdir(exist_ok=True)
    assert model_of(str(folder), None) == str(folder.parent / "model")


def test_a_saved_dictionary_on_synthetic_truth(tmp_path: Path):
    from microtome.specimen.synthetic import SyntheticOptions, SyntheticStream, synthetic_truth

    stream = SyntheticStream(SyntheticOptions(d=8, directions=16, active=2))
    save_truth(*synthetic_truth(stream, rows=900), tmp_path / "truth")
    pca = principal_dictionary(stream.sample(500, 3).activations, "blocks.0.resid.post", 2)
    save_dictionary(pca, tmp_path / "pca")
    board = score_dictionary(pca, str(tmp_path / "truth"), seeds=(0, 1))
    rows = {row.method: row for row in board.tables[0].rows}
    given, baseline = rows["PCA (given)"], rows["PCA"]
    assert (given.role, baseline.role) == ("dictionary", "method")
    unit = torch.nn.functional.normalize
    cosines = unit(pca.decoders[0].weight[:, 0]) @ unit(stream.world.directions).T
    best = linear_sum_assignment(cosines.numpy(), maximize=True)
    by_hand = float(cosines.numpy()[best].sum()) / 16
    assert given.figures["mcc"].value == pytest.approx(by_hand, rel=1e-5)
    assert given.figures["mcc"].low is None
    assert not {"mcc", "unique"} & set(baseline.figures)
    with pytest.raises(MicrotomeError, match="are of no model; leave --model out"):
        score_dictionary(pca, str(tmp_path / "truth"), tiny_model("llama", torch.float32))
    spoiled = pca.decoders[0].weight.clone()
    spoiled[0, 0, 0] = torch.nan
    broken = replace(pca, decoders=(Decoder(spoiled, (0,)),))
    with pytest.raises(MicrotomeError, match="PCA: the decoder is not finite"):
        score_dictionary(broken, str(tmp_path / "truth"))
    wrong = principal_dictionary(torch.randn(50, 5), "blocks.0.resid.post", 2)
    with pytest.raises(MicrotomeError, match=r"of width 5, but the truth .* of width 8"):
        score_dictionary(wrong, str(tmp_path / "truth"))
