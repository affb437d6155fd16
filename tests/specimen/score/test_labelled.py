"""Labelled tokens of any model, and dictionaries that came from elsewhere."""

from pathlib import Path

import pytest
import torch

from microtome.circuit import trace
from microtome.dictionary import Dictionary, save_dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.score.compiled import Circuit
from microtome.specimen.score.dictionaries import Plan, train_transcoders
from microtome.specimen.score.labelled import Given, nearest_read, one_encoder, score_labelled
from microtome.specimen.score.labels import labelled_tokens, place
from microtome.specimen.score.matching import match_features, told_by_activity
from microtome.specimen.score.outside import full_name, model_of, score_dictionary, score_graph
from microtome.specimen.score.traced import answered_prompts
from microtome.specimen.truth import Truth, Variable, save_truth
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model
from tests.specimen.score.conftest import TINY


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
    own = {"own": tiny_dictionary(model, "clt", features=16)}
    scored = score_labelled(Given("tiny", model, *world, own), TINY, 0)
    by_name = {o.method: o for o in scored.outcomes}
    assert set(by_name) == {
        *TINY.architectures,
        "random dictionary",
        "PCA",
        "own",
        "linear probe",
        "shuffled labels",
    }
    for name in by_name:
        assert set(by_name[name].detail) == {"even", "before"}
        assert by_name[name].figures["coverage"] <= 1
    assert by_name["linear probe"].detail["even"] > 0.9
    chance = scored.chance["concepts"]["coverage"]
    assert by_name["shuffled labels"].figures["coverage"] < chance + 0.1


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
    assert all(f1 >= 0.5 for f1 in meanings.f1.values())


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
    assert coverage.low is not None
    probe = by_name["linear probe"].figures["coverage"].value
    assert probe > coverage.value > by_name["shuffled labels"].figures["coverage"].value
    assert "letter" in by_name[plt.name].detail


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
    with pytest.raises(MicrotomeError, match=r"no label .* names a variable .*--dictionary"):
        score_graph(graph, str(circuit_folder))
    features = graph.nodes.where("feature").tolist()
    named = graph.with_labels({features[0]: "separator", features[-1]: "next = a"})
    by_label = score_graph(named, str(circuit_folder), seeds=(0,))
    assert 0 <= by_label.tables[0].rows[0].figures["auroc"].value <= 1


def test_a_graph_needs_edges_to_be_judged_by(circuit: Circuit, plt: Dictionary, folder: Path):
    (prompt,) = answered_prompts(circuit.inputs, 1, 0)
    graph = trace(circuit.model, prompt, plt, 3)
    with pytest.raises(MicrotomeError, match="tiny has no edges"):
        score_graph(graph, str(folder))


def test_names_of_truths_and_their_models(folder: Path, tmp_path: Path):
    assert full_name("reverse") == "specimen:reverse"
    assert full_name(str(folder)) == str(folder)
    with pytest.raises(MicrotomeError, match=r"unknown truth 'sorrt'; did you mean 'sort'\?"):
        full_name("sorrt")
    assert model_of("specimen:reverse", None) == "specimen:reverse"
    assert model_of("specimen:reverse/truth", "mine") == "mine"
    with pytest.raises(MicrotomeError, match="pass --model"):
        model_of(str(folder), None)
    (folder.parent / "model").mkdir(exist_ok=True)
    assert model_of(str(folder), None) == str(folder.parent / "model")


def test_a_saved_dictionary_on_synthetic_truth(tmp_path: Path):
    from microtome.specimen.score.dictionaries import principal_dictionary
    from microtome.specimen.synthetic import SyntheticOptions, SyntheticStream, synthetic_truth

    stream = SyntheticStream(SyntheticOptions(d=8, directions=16, active=2))
    save_truth(*synthetic_truth(stream, rows=900), tmp_path / "truth")
    pca = principal_dictionary(stream.sample(500, 3).activations, "blocks.0.resid.post", 2)
    save_dictionary(pca, tmp_path / "pca")
    board = score_dictionary(pca, str(tmp_path / "truth"), seeds=(0, 1))
    rows = {row.method: row.figures for row in board.tables[0].rows}
    assert rows["PCA"]["mcc"].value < 0.9
    wrong = principal_dictionary(torch.randn(50, 5), "blocks.0.resid.post", 2)
    with pytest.raises(MicrotomeError, match=r"of width 5, but the truth .* of width 8"):
        score_dictionary(wrong, str(tmp_path / "truth"))
