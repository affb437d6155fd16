"""Running a prompt with interventions, and with what their mode holds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.intervention.baseline import EAGER, Baseline, precision
from microtome.intervention.changes import Batch, Changes, Setting, change_features, changes
from microtome.intervention.description import Mode
from microtome.intervention.features import FeatureEntries
from microtome.intervention.places import Places
from microtome.model import Run, Site
from microtome.model.frozen import norms_held
from microtome.model.hooks import Edit, chain
from microtome.model.taps import Watch


@torch.no_grad()
def intervene(
    baseline: Baseline, batch: Batch, mode: Mode | None = None, capture: Sequence[str | Site] = ()
) -> Run:
    """Run a prompt with interventions on the real model.

    Features change as decode(new codes) - decode(old codes) at the sites that they write to, so
    that errors stay (Ameisen et al. 2025, "Circuit Tracing", section on interventions).

    Args:
        baseline: the prompt, from `hold`.
        batch: for every row of the result, what is changed in it; nothing where it is empty.
        mode: what is held; nothing by default.
        capture: sites whose activations to keep.

    Returns:
        Logits [batch, position, vocabulary] and activations, with the changes.

    Raises:
        MicrotomeError: a feature, site, head, position or layer that is not there; a feature
            without a dictionary; two changes of one thing in one row; values so large that the
            logits are not finite.
    """
    if not batch:
        raise MicrotomeError("there is nothing to run: the batch of interventions is empty")
    mode = mode or Mode()
    mode.check(baseline.model.n_layers)
    setting = Setting(baseline.model, baseline.dictionary, baseline.n_positions, mode, baseline)
    run = _held_run(baseline, mode, changes(setting, batch), len(batch), capture)
    finite = torch.isfinite(run.logits).flatten(1).all(1)
    if not bool(finite.all()):
        raise MicrotomeError(
            f"the logits are not finite under the interventions of row {int(finite.int().argmin())}"
            f"; take smaller values"
        )
    return run


@dataclass(frozen=True)
class Clamps:
    """Features set to values, many at once; what `Features` with `clamp` says one by one."""

    row: Int[Tensor, " n"]
    """Of the batch."""
    encoder: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    feature: Int[Tensor, " n"]
    value: Float[Tensor, " n"]


@torch.no_grad()
def clamp(
    baseline: Baseline,
    clamps: Clamps,
    added: Mapping[Site, Float[Tensor, "batch position d"]],
    rows: int,
    mode: Mode,
    capture: Sequence[str | Site],
) -> Run:
    """As `intervene`, for thousands of features: nothing is checked.

    Args:
        baseline: the prompt, held with the features' dictionary.
        clamps: features and their new activations.
        added: vectors to add at sites, besides.
        rows: size of the batch.
        mode: what is held.
        capture: sites whose activations to keep.
    """
    made = Changes.begun()
    setting = Setting(baseline.model, baseline.dictionary, baseline.n_positions, mode, baseline)
    for encoder in clamps.encoder.unique().tolist():
        at = (clamps.encoder == encoder).nonzero()[:, 0]
        position = clamps.position[at]
        value = clamps.value[at].to(precision(baseline.model))
        entries = FeatureEntries(
            Places(clamps.row[at], position, position + 1),
            clamps.feature[at],
            torch.zeros_like(value),
            value,
        )
        change_features(setting, encoder, entries, made)
    for site, vectors in added.items():
        made.edit[site].append(_adding(vectors))
    return _held_run(baseline, mode, made, rows, capture)


def _adding(vectors: Tensor) -> Edit:
    return lambda x: x + vectors.to(x.dtype)


@torch.no_grad()
def direct_effect(
    baseline: Baseline,
    added: Mapping[Site, Float[Tensor, "batch position d"]],
    capture: Sequence[Site],
) -> dict[Site, Tensor]:
    """Change of activations when vectors are added at sites and all else is held.

    This runs the real model's modules, so it shares no code with attribution, whose edges it
    must reproduce: a source taken out of the stream changes each target by minus its edge.

    Args:
        baseline: the prompt's run.
        added: vectors to add, a batch of changes to the same prompt; at `embed` or `mlp.out`.
        capture: where to measure.

    Returns:
        By site, activation with the change less activation without it: [batch, position, d].

    Raises:
        MicrotomeError: nothing is added, at another site, or in another shape.
    """
    if not added:
        raise MicrotomeError("there is nothing to add; name a site and vectors")
    rows = len(next(iter(added.values())))
    expected = rows, baseline.n_positions, baseline.model.d_model
    for site, vectors in added.items():
        if site.kind not in ("embed", "mlp.out"):
            raise MicrotomeError(f"a direct effect starts at embed or mlp.out, not at {site}")
        if vectors.shape != expected:
            raise MicrotomeError(
                f"what is added at {site} has shape {tuple(vectors.shape)}, expected {expected}: "
                f"batch, position, width"
            )
    mode = Mode.direct(baseline.model.n_layers)
    made = Changes()
    for site, vectors in added.items():
        made.edit[site].append(_adding(vectors))
    without = _held_run(baseline, mode, Changes(), 1, capture)
    with_them = _held_run(baseline, mode, made, rows, capture)
    return {site: with_them[site] - without[site] for site in capture}


def _held_run(
    baseline: Baseline, mode: Mode, made: Changes, rows: int, capture: Sequence[str | Site]
) -> Run:
    model = baseline.model
    watch, edit = defaultdict(list, made.watch), defaultdict(list)
    for site, look in EAGER.items():
        watch[site].append(look)
    for layer in range(model.n_layers):
        if mode.attention == "frozen":
            pattern = Site("attn.pattern", layer)
            edit[pattern].append(_held(baseline.run[pattern]))
        if mode.holds(layer):
            _hold_mlp(baseline, layer, watch, edit)
    for site, functions in made.edit.items():  # on top of what is held
        edit[site] += functions
    frozen = norms_held(model, baseline.frozen) if mode.norms == "frozen" else nullcontext()
    with frozen:
        return model.run(baseline.tokens.expand(rows, -1), capture, chained(edit), watched(watch))


def chained(edit: Mapping[Site, Iterable[Edit]]) -> dict[Site, Edit]:
    """One edit a site, of several in their order."""
    return {site: chain(functions) for site, functions in edit.items()}


def watched(watch: Mapping[Site, Iterable[Watch]]) -> dict[Site, Watch]:
    """One function a site that shows it to several."""

    def all_of_them(functions: tuple[Watch, ...]) -> Watch:
        def look(x: Tensor) -> None:
            for function in functions:
                function(x)

        return look

    return {site: all_of_them(tuple(functions)) for site, functions in watch.items()}


def _held(value: Tensor) -> Edit:
    return lambda x: value.expand_as(x)


def _hold_mlp(
    baseline: Baseline, layer: int, watch: dict[Site, list[Watch]], edit: dict[Site, list[Edit]]
) -> None:
    """An MLP's output as it was; a linear skip of the dictionary follows its input."""
    out = Site("mlp.out", layer)
    edit[out].append(_held(baseline.run[out]))
    dictionary = baseline.dictionary
    if dictionary is None or str(out) not in dictionary.writes:
        return
    target = dictionary.writes.index(str(out))
    skip = dictionary.skips[target]
    if skip is None:
        return
    read = baseline.reads[target]
    moved: list[Tensor] = []

    def look(x: Tensor) -> None:  # the MLP's input passes before its output
        moved[:] = [(x - baseline.run[read]) @ skip.to(x.dtype)]

    watch[read].append(look)
    edit[out].append(lambda x: x + moved[0])
