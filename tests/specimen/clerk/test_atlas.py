"""The clerk's atlas: features whose meaning is known are labelled with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from microtome.atlas import open_atlas
from microtome.atlas.concepts import NONE, Concept
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.atlas import build_clerk_atlas, clerk_concepts
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.tokenizer import CONTEXT, build_tokenizer
from microtome.specimen.clerk.world.languages import Languages
from microtome.specimen.clerk.world.mixtures import Mixtures
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.world import World
from microtome.specimen.small_llama import small_llama


def _groups(world: World) -> dict[str, set[str]]:
    """Labels, and the words at which a feature of that label is active."""
    places, kind = world.part(Places), world.part(Mixtures).kind
    states, kinds = places.states[:3], ("acid", "oxidizer", "fuel")
    return {
        "language: french": {row[1] for row in world.part(Languages).meanings()},
        f"state of the city: {', '.join(states)}": {
            city for city, state in places.state_of.items() if state in states
        },
        f"substance class: {', '.join(kinds)}": {name for name, k in kind.items() if k in kinds},
    }


@pytest.fixture(scope="module")
def model(small_world: World) -> LanguageModel:
    """The embedding says of each word which groups it is in."""
    words = small_world.vocabulary()
    sizes = {"layers": 1, "d_model": 4, "heads": 1, "d_mlp": 4}
    hf = small_llama(len(words), CONTEXT, **sizes, seed=0)
    with torch.no_grad():
        embedding = hf.get_parameter("model.embed_tokens.weight")
        embedding.zero_()
        embedding[:, 3] = 1.0
        for i, group in enumerate(_groups(small_world).values()):
            embedding[[word in group for word in words], i] = 1.0
    return LanguageModel(hf, build_tokenizer(small_world), "tiny clerk")


def _dictionary(of: str) -> Dictionary:
    """A feature for each group, that is active where a word is in it."""
    return Dictionary(
        reads=("blocks.0.resid.pre",),
        writes=("blocks.0.resid.pre",),
        encoders=(Encoder(torch.eye(4)[:3], torch.full((3,), -0.5), Activation("relu")),),
        decoders=(Decoder(torch.eye(4)[:3, None], (0,)),),
        biases=(torch.zeros(4),),
        name="groups",
        model=of,
    )


@pytest.fixture(scope="module")
def concepts(small_world: World) -> dict[str, Concept]:
    return {concept.name: concept for concept in clerk_concepts(small_world)}


def test_features_are_labelled_by_the_world(
    model: LanguageModel, small_world: World, tmp_path: Path
):
    dictionary, out = _dictionary(model.fingerprint), tmp_path / "atlas"
    built = build_clerk_atlas(STAGES["chat"], model, dictionary, out, texts=400, world=small_world)
    assert built is not None and built.documents == 400
    columns = open_atlas(out).columns
    assert columns.labels.to_pylist() == list(_groups(small_world))
    assert columns.sources.to_pylist() == ["concept"] * 3
    with pytest.raises(MicrotomeError, match="exists; pass --force"):
        build_clerk_atlas(STAGES["chat"], model, dictionary, out, texts=400, world=small_world)


def test_a_dictionary_of_another_model_is_refused(
    model: LanguageModel, small_world: World, tmp_path: Path
):
    with pytest.raises(MicrotomeError, match="was trained on a model with fingerprint other"):
        build_clerk_atlas(
            STAGES["chat"], model, _dictionary("other"), tmp_path / "atlas", texts=20,
            world=small_world,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_concepts_stand_at_their_tokens(concepts: dict[str, Concept], small_world: World):
    ids = {word: i for i, word in enumerate(small_world.vocabulary())}
    texts = ("<s> 36 + 59 = 95 .", "<s> petit grand")
    rows = np.full((2, 7), -1)
    for row, text in zip(rows, texts, strict=True):
        words = text.split()
        row[: len(words)] = [ids[word] for word in words]
    start = np.zeros(2, dtype=np.int64)
    last = concepts["last digit of the sum"].values(rows, start)
    assert last.tolist() == [[NONE] * 4 + [5, NONE, NONE], [NONE] * 7]
    language = concepts["language"].values(rows, start)
    assert language.tolist() == [[NONE] * 7, [NONE, 1, 1] + [NONE] * 4]


def test_words_of_a_concept_name_six_values_and_count_the_others(concepts: dict[str, Concept]):
    assert concepts["carry"].words([1], []) == "carry: yes"
    assert concepts["initial"].words([2, 0], []) == "initial: A, C"
    said = "initial: A, B, C, D, E, F"
    assert concepts["initial"].words(range(6), []) == said
    assert concepts["initial"].words(range(8), []) == f"{said} and 2 more"


def test_concepts_are_those_that_texts_are_labelled_with(concepts: dict[str, Concept]):
    assert {"who", "sport", "mixture", "condition", "state asked about"} < set(concepts)
    assert {concept.source for concept in concepts.values()} == {"concept"}
