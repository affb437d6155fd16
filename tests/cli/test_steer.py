"""microtome steer: both texts side by side, recipes, hooks, bad input."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.cli.conftest import Run, write_dictionary

PROMPT = "7 + 8 ="
SCALE = ("--feature", "0/1", "--add", "40")


@pytest.fixture
def ask(run: Run, model_folder: Path, dictionary_folder: Path):
    """`microtome steer` on the tiny model."""

    def call(*arguments: object, prompt: str = PROMPT):
        return run("steer", model_folder, dictionary_folder, prompt, "--tokens", 6, *arguments)

    return call


def test_texts_side_by_side(ask):
    result = ask(*SCALE)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "L0/1: add 40 at all positions"
    assert lines[1].split()[::2] == ["default", "steered"]
    assert "[" in lines[3] and "]" in result.out  # marked without colour
    assert max(map(len, lines)) <= 100
    assert "same" not in result.out


@pytest.mark.parametrize("off", [("--add", "0"), ("--scale", "1")])
def test_nothing_changed_is_the_same(ask, off):
    result = ask("--feature", "0/1", *off, "--temperature", 1, "--seed", 3)
    assert (result.code, result.err) == (0, "")
    assert "Both texts are the same." in result.out
    assert "[" not in result.out


def test_json_has_everything(ask):
    result = ask(*SCALE, "--feature", "2/3", "--head", "1.0", "--json")
    assert result.code == 2  # a head cannot be added to
    assert "a head can be scaled, ablated or patched" in result.err
    found = json.loads(ask("--feature", "0/1", "-f", "2/3", "--ablate", "--json").out)
    assert found["features"] == ["0/1", "2/3"]
    for text in (found["default"], found["steered"]):
        assert len(text["tokens"]) == len(text["activations_plain"][0])
        assert text["text"].startswith("7 + 8 =")
    assert found["recipe"]["interventions"][0]["how"] == "ablate"
    assert found["recipe"]["generation"]["max_new_tokens"] == 6
    heads = json.loads(ask("--head", "1.0", "--head", "0.2", "--scale", "-3", "--json").out)
    assert heads["features"] == [] and len(heads["recipe"]["interventions"]) == 2


def test_a_recipe_does_the_same_again(ask, tmp_path: Path):
    recipe, hook = tmp_path / "recipe.json", tmp_path / "hook"
    first = ask(*SCALE, "--positions", "1,-1", "--save", recipe, "--export-hook", hook, "--json")
    assert first.code == 0, first.err
    assert (hook / "steering.py").is_file() and (hook / "steering.safetensors").is_file()
    again = ask("--recipe", recipe, "--json")
    assert json.loads(again.out) == json.loads(first.out)
    longer = json.loads(ask("--recipe", recipe, "--tokens", "8", "--json").out)
    assert longer["recipe"]["generation"]["max_new_tokens"] == 8
    for option in ("--save", "--export-hook"):
        path = recipe if option == "--save" else hook
        result = ask(*SCALE, option, path)
        assert result.code == 2 and "exists; choose another path" in result.err


def test_a_recipe_of_another_dictionary_is_refused(
    ask, run: Run, tiny: LanguageModel, model_folder: Path, tmp_path: Path
):
    other = write_dictionary(tiny_dictionary(tiny, "clt", seed=9), tmp_path / "other")
    assert ask(*SCALE, "--save", tmp_path / "r.json").code == 0
    result = run("steer", model_folder, other, PROMPT, "--recipe", tmp_path / "r.json")
    assert result.code == 2
    assert "the recipe is for the dictionary" in result.err


BAD = [
    (("--feature", "0/1"), "and how it is changed"),
    (("--add", "3"), "name a --feature or a --head"),
    (("--feature", "0/1", "--add", "3", "--scale", "2"), "--scale and --add exclude each other"),
    (("--feature", "0/99", "--add", "3"), "0/99"),
    (("--feature", "9/1", "--add", "3"), "9"),
    (("--head", "1.9", "--ablate"), "head 9 does not exist"),
    (("--head", "x", "--ablate"), "is not LAYER.HEAD"),
    ((*SCALE, "--positions", "some"), "is none of all, prompt, last, generated"),
    ((*SCALE, "--positions", "40"), "position 40 is not in a prompt of"),
    (("--feature", "0/1", "--add", "nan"), "finite number"),
    ((*SCALE, "--recipe", "r.json"), "--recipe has its own changes"),
    (("--recipe", "none.json"), "none.json does not exist"),
    (("--recipe", "r.json", "--positions", "1"), "--recipe has its own positions"),
    (("--recipe", "/"), "/ is a folder"),
    ((*SCALE, "--save", "h/r.json", "--export-hook", "h"), "keep them apart"),
    (("--feature", "0/1", "--clamp", "1e39"), "not finite"),
    ((*SCALE, "--temperature", "1e-38"), "take 0"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_bad_input_is_one_sentence(ask, arguments: tuple, said: str):
    result = ask(*arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err and len(result.err.strip().splitlines()) == 1


def test_words_that_the_model_does_not_know(ask):
    result = ask(*SCALE, prompt="hello")
    assert result.code == 2 and "vocabulary" in result.err


def test_a_dictionary_of_other_weights_is_noted(
    run: Run, tiny: LanguageModel, model_folder: Path, tmp_path: Path
):
    dictionary = replace(tiny_dictionary(tiny, "plt"), model="0123456789abcdef")
    folder = write_dictionary(dictionary, tmp_path / "other")
    result = run("steer", model_folder, folder, PROMPT, "--tokens", 2, *SCALE)
    assert result.code == 0
    assert result.err.strip().endswith("was trained on a model with other weights")
