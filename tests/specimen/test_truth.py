"""Truth files: saved whole, loaded checked, and by the published schema."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from microtome.artifact.manifest import FILE_NAME
from microtome.errors import MicrotomeError
from microtome.specimen.truth import (
    TRUTH,
    Behaviour,
    Edge,
    Item,
    Truth,
    Variable,
    load_truth,
    save_truth,
    truth_schema,
)
from microtome.specimen.truth_tensors import FIRINGS

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "truth.schema.json"


def a_truth() -> Truth:
    return Truth(
        specimen="parity",
        kind="compiled",
        about="Is the token odd?",
        variables=[
            Variable(name="token", site="tokens", values=["0", "1", "2"]),
            Variable(
                name="parity",
                site="blocks.0.resid.post",
                values=["even", "odd"],
                directions="parity",
                labels="parity.labels",
                about="of the token",
            ),
        ],
        edges=[Edge(source="token", target="parity", via="mlp", layer=0)],
        behaviours=[
            Behaviour(
                name="parity",
                expected={"base": "says even or odd"},
                items=[Item(prompt="2 is", accepted=["even"], held_out=True)],
            )
        ],
    )


def tensors() -> dict[str, torch.Tensor]:
    return {
        "tokens": torch.tensor([[0, 1, 2], [2, 1, 0]]),
        "parity": torch.randn(2, 4),
        "parity.labels": torch.tensor([[0, 1, 0], [-1, 1, 0]], dtype=torch.int16),
    }


def synthetic() -> tuple[Truth, dict[str, torch.Tensor]]:
    truth = Truth(specimen="synthetic", kind="synthetic")
    return truth, {
        "directions": torch.randn(3, 4),
        "probability": torch.tensor([0.5, 0.2, 0.1]),
        "parent": torch.tensor([-1, 0, -1]),
        "activations": torch.randn(2, 4),
        "firing_row": torch.tensor([0, 1]),
        "firing_direction": torch.tensor([2, 0]),
        "firing_value": torch.tensor([1.0, 0.5]),
    }


def test_the_published_schema_is_the_models():
    assert json.loads(PUBLISHED.read_text()) == truth_schema(), (
        "run: microtome specimen truth --schema > docs/schemas/truth.schema.json"
    )
    Draft202012Validator.check_schema(truth_schema())


@pytest.mark.parametrize("made", [(a_truth(), tensors()), synthetic()])
def test_what_is_saved_is_loaded(tmp_path: Path, made: tuple[Truth, dict[str, torch.Tensor]]):
    truth, given = made
    save_truth(truth, given, tmp_path / "truth", {"seed": 3}, {"model": "abc"})
    loaded, found = load_truth(tmp_path / "truth")
    assert loaded == truth
    assert sorted(found) == sorted(given)
    assert all(torch.equal(found[name], given[name]) for name in given)
    manifest = json.loads((tmp_path / "truth" / FILE_NAME).read_text())
    assert (manifest["kind"], manifest["config"]) == ("truth", {"seed": 3})
    Draft202012Validator(truth_schema()).validate(
        json.loads((tmp_path / "truth" / TRUTH).read_text())
    )


def test_an_output_that_exists_is_kept(tmp_path: Path):
    save_truth(a_truth(), tensors(), tmp_path / "truth")
    with pytest.raises(MicrotomeError, match="exists"):
        save_truth(a_truth(), tensors(), tmp_path / "truth")
    save_truth(a_truth(), tensors(), tmp_path / "truth", force=True)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("site", "blocks.0.nowhere", "unknown site"),
        ("values", [], "at least 1"),
        ("values", ["odd", "odd"], "'odd' stands there twice"),
        ("name", "", "at least 1"),
        ("colour", "red", "not permitted"),
    ],
)
def test_a_variable_that_cannot_be(field: str, value: Any, said: str):
    whole = {"name": "v", "site": "embed", "values": ["a"]} | {field: value}
    with pytest.raises(ValidationError, match=said):
        Variable.model_validate(whole)


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        ({"via": "mlp"}, "needs the layer"),
        ({"via": "selection"}, "needs the layer"),
        ({"via": "embedding", "layer": 0}, "has no layer"),
        ({"via": "mlp", "layer": 0, "head": 1}, "has no head"),
        ({"via": "attention", "layer": -1}, "greater than or equal to 0"),
        ({"via": "magic"}, "Input should be"),
    ],
)
def test_an_edge_that_cannot_be(edge: dict[str, Any], said: str):
    with pytest.raises(ValidationError, match=said):
        Edge.model_validate({"source": "a", "target": "b"} | edge)


def test_edges_are_between_variables_and_names_are_used_once():
    variable = Variable(name="v", site="embed", values=["a"])
    with pytest.raises(ValidationError, match="'w', which is no variable; known: v"):
        Truth(
            specimen="s",
            kind="compiled",
            variables=[variable],
            edges=[Edge(source="v", target="w", via="embedding")],
        )
    with pytest.raises(ValidationError, match="variable 'v' stands there twice"):
        Truth(specimen="s", kind="compiled", variables=[variable, variable])
    with pytest.raises(MicrotomeError, match="no variable 'sum'; known: token, parity"):
        a_truth().variable("sum")
    assert a_truth().variable("parity").values == ["even", "odd"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parity": None}, "variable 'parity' needs the tensor 'parity'; there is"),
        ({"parity": torch.randn(3, 4)}, r"directions \[2, d\], not float32 \[3, 4\]"),
        ({"parity": torch.full((2, 4), torch.nan)}, "not finite"),
        ({"tokens": None}, "needs the tensor 'tokens'"),
        ({"tokens": torch.zeros(2, 4, dtype=torch.long)}, "integers of one shape"),
        ({"parity.labels": torch.zeros(2, 3)}, "needs int16 labels"),
        ({"parity.labels": torch.full((2, 3), 2, dtype=torch.int16)}, r"hold 2, expected -1\.\.1"),
    ],
)
def test_tensors_that_do_not_fit(tmp_path: Path, change: dict[str, Any], said: str):
    wrong = {name: x for name, x in (tensors() | change).items() if x is not None}
    with pytest.raises(MicrotomeError, match=said):
        save_truth(a_truth(), wrong, tmp_path / "truth")
    assert not (tmp_path / "truth").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parent": None}, "needs the tensor 'parent'"),
        ({"directions": torch.zeros(0, 4)}, r"needs directions \[n, d\], not float32 \[0, 4\]"),
        ({"parent": torch.tensor([-1, 3, 0])}, r"parent hold 3, expected -1\.\.2"),
        ({"group": torch.tensor([0, 3, -1])}, r"group hold 3, expected -1\.\.2"),
        ({"group": torch.tensor([0.0])}, r"integers group \[3\], not float32 \[1\]"),
        ({"probability": torch.tensor([0.5, 0.2, 1.5])}, "from 0 to 1"),
        ({"probability": torch.tensor([0.5])}, r"probability \[3\], not float32 \[1\]"),
        ({"firing_row": torch.tensor([0, 2])}, r"firing_row hold 2, expected 0\.\.1"),
        ({"firing_value": torch.tensor([0.5])}, "of one length"),
        ({"activations": None}, "needs the tensor 'activations'"),
        ({"activations": torch.full((2, 4), torch.nan)}, "activations hold a number that is not"),
        (dict.fromkeys(FIRINGS), "a sample of firings needs the tensor 'firing_row'"),
    ],
)
def test_synthetic_tensors_that_do_not_fit(tmp_path: Path, change: dict[str, Any], said: str):
    truth, given = synthetic()
    wrong = {name: x for name, x in (given | change).items() if x is not None}
    with pytest.raises(MicrotomeError, match=said):
        save_truth(truth, wrong, tmp_path / "truth")


def test_folders_that_are_not_a_truth(tmp_path: Path):
    folder = tmp_path / "truth"
    with pytest.raises(MicrotomeError, match="does not exist"):
        load_truth(folder)
    save_truth(a_truth(), tensors(), folder)
    _edit(folder / FILE_NAME, schema_version=2)
    with pytest.raises(MicrotomeError, match="newer microtome"):
        load_truth(folder)
    _edit(folder / FILE_NAME, schema_version=1, kind="atlas")
    with pytest.raises(MicrotomeError, match="holds an atlas, not a truth"):
        load_truth(folder)
    _edit(folder / FILE_NAME, kind="truth", files={})
    _edit(folder / TRUTH, kind="guess")
    with pytest.raises(MicrotomeError, match=r"truth\.json: kind: .*make the truth again"):
        load_truth(folder)


def test_a_truth_that_was_cut_short(tmp_path: Path):
    save_truth(a_truth(), tensors(), tmp_path / "truth")
    (tmp_path / "truth" / TRUTH).write_text("{}")
    with pytest.raises(MicrotomeError, match="incomplete"):
        load_truth(tmp_path / "truth")


def _edit(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
