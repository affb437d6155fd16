"""Every architecture on synthetic activations: directions found, firings told."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.evaluation import match_directions
from microtome.specimen.score.dictionaries import Plan, baselines, train_saes
from microtome.specimen.score.held_out import Sides, encoder_at, held_out_coverage, split_rows
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.probe import probe_coverage
from microtome.specimen.score.progress import Stages, silent, training_report
from microtome.specimen.score.result import BESIDE, PCA, PROBE, SHUFFLED, Outcome, Scored, distinct
from microtome.specimen.synthetic import SyntheticOptions, SyntheticStream

_TRAINING, _SCORED = 1, 2
"""Streams of one world."""
SITE = "blocks.0.resid.post"


def score_synthetic(options: ScoreOptions, seed: int, stages: Stages = silent) -> Scored:
    """Score SAEs of every architecture on a world of its own for each seed.

    Four times as many directions as dimensions and as many features as directions. The random
    dictionary and PCA get the L0 of the truth.
    """
    world = SyntheticOptions(
        d=options.synthetic_d,
        directions=4 * options.synthetic_d,
        active=options.synthetic_active,
        seed=seed,
    )
    stream = SyntheticStream(world)
    k = max(1, round(world.active))
    batch = 2 * options.batch
    x = stream.sample(min(batch * options.synthetic_steps, 400_000), _TRAINING).activations
    plan = Plan(options.architectures, world.directions, options.synthetic_steps, batch, seed)
    report = training_report(stages, f"synthetic, seed {seed}: training")
    made = train_saes({SITE: x}, {SITE: k}, plan, report)[SITE]
    sample = stream.sample(options.rows, _SCORED)
    fires = sample.firings.dense() > 0
    stages(f"synthetic, seed {seed}: scoring", 0, 0)
    return score_directions(
        made, sample.activations, fires, stream.world.directions, x[: options.rows], k, seed
    )


def score_directions(
    dictionaries: dict[str, Dictionary],
    x: Float[Tensor, "rows d"],
    fires: Bool[Tensor, "rows directions"],
    directions: Float[Tensor, "directions d"],
    training: Float[Tensor, "training d"],
    k: int,
    seed: int,
) -> Scored:
    """Score SAEs against known directions and their firings, beside the baselines.

    Args:
        dictionaries: by name, each with one encoder that reads the activations; one that is named
            like a baseline is told apart.
        x: fresh activations.
        fires: which directions are active on each.
        directions: the known ones.
        training: other activations, on which baselines are fitted.
        k: active features of the baselines.
        seed: of baselines and controls.
    """
    generator = torch.Generator().manual_seed(seed)
    sides = split_rows(x, fires, torch.arange(len(x)) % 2 == 1)
    first = next(iter(dictionaries.values()))
    named = {distinct(name): dictionary for name, dictionary in dictionaries.items()}
    outcomes = []
    for name, dictionary in (named | baselines(first, training, k, seed)).items():
        figures = {} if name == PCA else _matched(dictionary, directions)
        figures |= coverage_of(dictionary, sides) | reconstruction(dictionary, x)
        outcomes.append(Outcome("directions", name, BESIDE.get(name, "dictionary"), figures))
    outcomes += controls(first, sides, generator)
    random = torch.randn(first.n_features[0], x.shape[1], generator=generator)
    chance = {"mcc": match_directions(random, directions).mcc}
    if sides.names:
        chance["coverage"] = float(sides.chance.mean())
    return Scored("synthetic", tuple(outcomes), {"directions": chance})


def _matched(dictionary: Dictionary, directions: Float[Tensor, "directions d"]) -> dict[str, float]:
    match = match_directions(dictionary.decoders[0].weight[:, 0].float(), directions)
    return {"mcc": match.mcc, "unique": match.uniqueness}


def coverage_of(dictionary: Dictionary, sides: Sides) -> dict[str, float]:
    """Coverage as a figure; absent where no concept has enough rows."""
    if not sides.names:
        return {}
    return {"coverage": float(held_out_coverage(encoder_at(dictionary), sides).f1.mean())}


def controls(dictionary: Dictionary, sides: Sides, generator: torch.Generator) -> list[Outcome]:
    """The linear probe, and a dictionary whose rows have had their concepts shuffled."""
    if not sides.names:
        return []
    told = held_out_coverage(encoder_at(dictionary), sides.shuffled(generator)).f1
    probed = {"coverage": float(probe_coverage(sides).mean())}
    return [
        Outcome("directions", PROBE, BESIDE[PROBE], probed),
        Outcome("directions", SHUFFLED, BESIDE[SHUFFLED], {"coverage": float(told.mean())}),
    ]


@torch.no_grad()
def reconstruction(dictionary: Dictionary, x: Float[Tensor, "rows d"]) -> dict[str, float]:
    """L0 and FVU of an SAE; absent where there are no rows."""
    if not len(x):
        return {}
    codes = dictionary.encode([x])
    (back,) = dictionary.reconstruct([x], codes)
    variance = (x - x.mean(0)).double().square().sum().clamp(min=1e-30)
    error = (x - back).double().square().sum()
    return {"l0": codes[0].n_active / len(x), "fvu": float(error / variance)}


@torch.no_grad()
def active_features(dictionary: Dictionary, x: Float[Tensor, "rows d"]) -> dict[str, float]:
    """L0 of one encoder, whatever it writes; absent where there are no rows."""
    return {"l0": dictionary.encode([x])[0].n_active / len(x)} if len(x) else {}
