"""Generation under interventions: steering."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import computing
from microtome.intervention.changes import Changes, Setting, changes
from microtome.intervention.description import Intervention
from microtome.intervention.intervene import chained, watched
from microtome.model import LanguageModel, Site
from microtome.model.frozen import wide
from microtome.model.taps import sites_tapped


@torch.no_grad()
def generate(
    model: LanguageModel,
    tokens: Int[Tensor, "1 position"],
    interventions: Sequence[Intervention],
    dictionary: Dictionary | None = None,
    max_new_tokens: int = 32,
    temperature: float = 0.0,
    seed: int = 0,
    use_cache: bool = True,
    on_token: Callable[[Int[Tensor, " 1"]], None] | None = None,
) -> Int[Tensor, "1 longer"]:
    """Continue a prompt under interventions; without any, as `LanguageModel.generate` does.

    Nothing can be held while tokens are generated, so attention and norms are live. What is
    generated does not depend on the key-value cache: every position is changed once, when it is
    first seen.

    Args:
        model: the model.
        tokens: the prompt's ids, [1, position].
        interventions: what is changed, and where.
        dictionary: of the features among them.
        max_new_tokens: at most so many.
        temperature: 0 takes the most likely token.
        seed: of sampling.
        use_cache: keep keys and values; False computes every step from the start.
        on_token: given every new token as soon as it is there.

    Raises:
        MicrotomeError: a feature, site, head or position that is not there, values so large
            that activations are not finite, or a way of sampling that cannot be.
    """
    tokens = model.check_tokens(tokens)
    if len(tokens) != 1:
        raise MicrotomeError(f"interventions are on one prompt, not on {len(tokens)} at a time")
    made = steering(model, computing(model, dictionary), interventions, tokens.shape[1])
    made.clock.cached = use_cache
    if interventions:
        made.watch[Site("final")].append(_check_finite)
    with sites_tapped(model, edit=chained(made.edit), watch=watched(made.watch)):
        return model.generate(tokens, max_new_tokens, temperature, seed, use_cache, on_token)


def _check_finite(x: Tensor) -> None:
    """The token that follows from logits that are not numbers would be a token like any other."""
    if not bool(torch.isfinite(x).all()):
        raise MicrotomeError(
            "activations are not finite under the interventions; take smaller values"
        )


def steering(
    model: LanguageModel,
    dictionary: Dictionary | None,
    interventions: Sequence[Intervention],
    n_prompt: int,
) -> Changes:
    """What interventions do to passes over a prompt and what follows it."""
    return changes(Setting(model, dictionary, n_prompt), [list(interventions)])


@torch.no_grad()
def activations_on(
    model: LanguageModel,
    tokens: Int[Tensor, "1 position"],
    features: Sequence[tuple[int, int]],
    dictionary: Dictionary,
    interventions: Sequence[Intervention] = (),
    n_prompt: int | None = None,
) -> list[list[float]]:
    """Activations of features on every token, as the model has them under interventions.

    Args:
        model: the model.
        tokens: the whole text, generated tokens included.
        features: encoder and feature of each.
        dictionary: theirs.
        interventions: under which the text was generated.
        n_prompt: tokens of the prompt, which `generated` leaves out; all by default.

    Returns:
        For every feature its activation at every position, before it is changed.
    """
    at_work = computing(model, dictionary)
    assert at_work is not None
    tokens = model.check_tokens(tokens)
    made = steering(model, at_work, interventions, n_prompt or tokens.shape[1])
    seen: dict[str, Tensor] = {}
    for read in {r for encoder, _ in features for r in _reads(at_work, encoder)}:
        made.watch[model.check_site(read)].append(_keep(seen, read))
    model.run(tokens, edit=chained(made.edit), watch=watched(made.watch))
    rows = []
    for encoder, feature in features:
        x = torch.cat([seen[read] for read in _reads(at_work, encoder)], -1)
        ids = torch.full((len(x),), feature, device=x.device)
        rows.append(at_work.encoders[encoder].activations(x, ids).tolist())
    return rows


def _reads(dictionary: Dictionary, encoder: int) -> list[str]:
    return [dictionary.reads[i] for i in dictionary.sources[encoder]]


def _keep(seen: dict[str, Tensor], name: str) -> Callable[[Tensor], None]:
    def look(x: Tensor) -> None:
        seen[name] = wide(x[0])

    return look
