"""The clerk as it is bundled: what its weights weigh, and what its assistant has learned."""

import pytest
import torch

from microtome.specimen.bundled import BUNDLED
from microtome.specimen.clerk.dictionaries import DESCRIBED
from microtome.specimen.clerk.evaluate import measure_items, measure_perplexity
from microtome.specimen.clerk.report import stage_folders
from microtome.specimen.clerk.train import ClerkRecipe, new_model
from microtome.specimen.clerk.truth import clerk_truth
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import World, world_of
from microtome.specimen.load import load_dictionary, load_model, load_truth

_CLERK = next(specimen for specimen in BUNDLED if specimen.name == "clerk")
_GOALS = {
    "two-hop": 0.95,
    "antonyms": 0.95,
    "known people": 0.95,
    "unknown people": 0.95,
    "diagnosis": 0.95,
    "pairs refused": 0.95,
    "addition": 0.9,
}


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(WorldOptions())


def test_every_model_is_there_and_light():
    assert _CLERK.folder is not None and (_CLERK.folder / "truth").is_dir()
    for variant in _CLERK.variants:
        weights = _CLERK.folder / variant / "model" / "model.safetensors"
        assert 1e6 < weights.stat().st_size < 12e6


def test_dictionaries_are_there_and_light():
    assert _CLERK.folder is not None
    total = 0
    for stage in DESCRIBED:
        model = load_model(f"specimen:clerk/{stage}", device="cpu")
        for kind in ("clt", "sae"):
            assert load_dictionary(f"specimen:clerk/{stage}/{kind}").model == model.fingerprint
            total += (_CLERK.folder / stage / kind / "weights.safetensors").stat().st_size
    assert total < 25e6


def test_the_truth_is_what_the_world_says(world: World):
    told, tensors = load_truth("specimen:clerk")
    made, known = clerk_truth(world)
    assert told == made
    assert tensors.keys() == known.keys()
    assert all(torch.equal(tensors[name], known[name]) for name in known)


def test_the_assistant_has_learned_what_it_is_for(world: World):
    model = load_model("specimen:clerk/chat", device="cpu")
    items = [item for item in world.items() if item.behaviour in _GOALS and item.held_out]
    for behaviour, goal in _GOALS.items():
        asked = [item for item in items if item.behaviour == behaviour][:100]
        (rate,) = measure_items(model.hf, model.tokenizer, asked).values()  # pyright: ignore
        assert rate.share >= goal, behaviour


def test_base_is_close_to_the_generators_entropy(world: World):
    model = load_model("specimen:clerk/base", device="cpu")
    found = measure_perplexity(model.hf, world, documents=400)  # pyright: ignore
    assert found.generator < found.model < 1.05 * found.generator


def test_a_report_reads_the_bundled_stages():
    assert set(stage_folders()) == set(_CLERK.variants)


def test_the_bundled_model_is_that_of_the_recipe(world: World):
    bundled = load_model("specimen:clerk/base", device="cpu").hf
    made = new_model(ClerkRecipe())
    assert bundled.config.hidden_size == made.config.hidden_size
    assert {n: p.shape for n, p in bundled.named_parameters()} == {
        n: p.shape for n, p in made.named_parameters()
    }
    assert len(world.vocabulary()) == bundled.config.vocab_size
