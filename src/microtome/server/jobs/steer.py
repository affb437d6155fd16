"""What jobs of steering compute: two texts side by side, a hook as one file."""

import io
import zipfile
from collections.abc import Callable

from microtome.dictionary import Dictionary
from microtome.intervention import steer, steering_recipe
from microtome.intervention.hook import hook_files
from microtome.intervention.recipe import Named, Recipe, recipe_text
from microtome.intervention.steer import Steered, Text, features_of
from microtome.model import LanguageModel
from microtome.server.jobs.record import Download
from microtome.server.labels import Labels
from microtome.server.schema import (
    SteeredFeature,
    SteeredText,
    SteerHookJob,
    Steering,
    SteerJob,
)

Names = tuple[str, str]
"""Of the model and the dictionary, as the library has them."""


def steer_prompt(
    model: LanguageModel,
    dictionary: Dictionary,
    request: SteerJob,
    names: Names,
    labels: Labels,
    on_token: Callable[[str, str], None],
) -> Steering:
    """Both texts that a request asks for; `on_token` is told of which a new token is, and its
    string."""
    found = steer(
        model,
        model.tokenize(request.prompt),
        request.interventions,
        dictionary,
        request.generation,
        lambda which, token: on_token(which, model.token_string(token)),
    )
    return Steering(
        n_prompt=found.n_prompt,
        features=_features(found, dictionary, labels),
        default=_text(model, found.default),
        steered=_text(model, found.steered),
        recipe=_recipe(model, dictionary, request, names),
    )


def _recipe(
    model: LanguageModel, dictionary: Dictionary, request: SteerJob | SteerHookJob, names: Names
) -> Recipe:
    """Without the dictionary where no features are changed: it is then for any."""
    read = dictionary if features_of(request.interventions) else None
    recipe = steering_recipe(model, read, request.interventions, request.generation)
    named = Named(name=names[0], fingerprint=recipe.model.fingerprint)
    other = recipe.dictionary and Named(name=names[1], fingerprint=recipe.dictionary.fingerprint)
    return recipe.model_copy(update={"model": named, "dictionary": other})


def _features(found: Steered, dictionary: Dictionary, labels: Labels) -> list[SteeredFeature]:
    known = labels.of(dictionary.fingerprint, found.features) if found.features else {}
    return [
        SteeredFeature(encoder=key[0], feature=key[1], label=known.get(key, ("", ""))[0])
        for key in found.features
    ]


def _text(model: LanguageModel, text: Text) -> SteeredText:
    return SteeredText(
        tokens=[model.token_string(token) for token in text.tokens],
        plain=[[round(value, 5) for value in row] for row in text.plain],
        steered=[[round(value, 5) for value in row] for row in text.steered],
    )


def hook_archive(
    model: LanguageModel, dictionary: Dictionary, request: SteerHookJob, names: Names
) -> Download:
    """A zip of the exported hook and its recipe."""
    files = hook_files(model, request.interventions, dictionary)
    recipe = _recipe(model, dictionary, request, names)
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in {**files, "recipe.json": recipe_text(recipe).encode()}.items():
            archive.writestr(f"steering/{name}", content)
    return Download("steering.zip", "application/zip", kept.getvalue())
