"""The same prompt continued twice with the same seed: as the model is, and under interventions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from jaxtyping import Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.intervention.baseline import computing
from microtome.intervention.description import Features, Intervention
from microtome.intervention.generate import activations_on, generate, steering
from microtome.intervention.recipe import Generation
from microtome.model import LanguageModel

Which = Literal["default", "steered"]


@dataclass(frozen=True)
class Text:
    """A prompt and its continuation."""

    tokens: tuple[int, ...]
    plain: tuple[tuple[float, ...], ...]
    """By feature and position: activation on this text without interventions."""
    steered: tuple[tuple[float, ...], ...]
    """The same under the interventions, before each is itself changed."""


@dataclass(frozen=True)
class Steered:
    """Two continuations of one prompt."""

    n_prompt: int
    features: tuple[tuple[int, int], ...]
    """Encoder and feature of each that is changed, in the order of the interventions."""
    default: Text
    steered: Text

    @property
    def same(self) -> bool:
        """Whether the interventions change nothing of what is generated."""
        return self.default.tokens == self.steered.tokens


def steer(
    model: LanguageModel,
    tokens: Int[Tensor, "1 position"],
    interventions: Sequence[Intervention],
    dictionary: Dictionary | None = None,
    generation: Generation | None = None,
    on_token: Callable[[Which, int], None] | None = None,
) -> Steered:
    """Continue a prompt without and with interventions, and see the features that they change.

    Args:
        model: the model.
        tokens: the prompt's ids, [1, position].
        interventions: what is changed, and where.
        dictionary: of the features among them.
        generation: how both texts are generated.
        on_token: told of every new token: of which text, and its id.

    Raises:
        MicrotomeError: a feature, site, head or position that is not there.
    """
    how = generation or Generation()
    features = features_of(interventions)
    at_work = computing(model, dictionary)
    steering(model, at_work, interventions, tokens.shape[1])  # refuses before anything is generated

    def continued(which: Which, changed: Sequence[Intervention]) -> Tensor:
        return generate(
            model,
            tokens,
            changed,
            dictionary,
            how.max_new_tokens,
            how.temperature,
            how.seed,
            on_token=None if on_token is None else partial(_tell, on_token, which),
        )

    def seen(text: Tensor, changed: Sequence[Intervention]) -> tuple[tuple[float, ...], ...]:
        if not features:
            return ()
        assert dictionary is not None
        rows = activations_on(model, text, features, dictionary, changed, tokens.shape[1])
        return tuple(map(tuple, rows))

    def both(text: Tensor) -> Text:
        ids = tuple(int(token) for token in text[0])
        return Text(ids, seen(text, ()), seen(text, interventions))

    default = continued("default", ())
    steered = continued("steered", interventions)
    return Steered(tokens.shape[1], features, both(default), both(steered))


def _tell(on_token: Callable[[Which, int], None], which: Which, token: Int[Tensor, " 1"]) -> None:
    on_token(which, int(token[0]))


def features_of(interventions: Sequence[Intervention]) -> tuple[tuple[int, int], ...]:
    """Every feature that is changed, once, in order."""
    found = [
        feature
        for intervention in interventions
        if isinstance(intervention.what, Features)
        for feature in intervention.what.features
    ]
    return tuple(dict.fromkeys(found))
