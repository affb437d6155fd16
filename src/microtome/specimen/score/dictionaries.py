"""Dictionaries to score: one of every architecture at each site, and baselines of equal L0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.data.batches import MemoryBatches
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.evaluation.baselines import random_init
from microtome.evaluation.fit import Fit, Moments
from microtome.specimen.score.result import PCA, RANDOM
from microtome.training import make_recipe, train_on
from microtome.training.trainer import Report

_SPARSE: dict[str, dict[str, float | str]] = {
    "relu": {"sparsity": 0.02},
    "gated": {"sparsity": 0.04},
    "jumprelu": {"penalty": "target_l0", "sparsity": 1.0, "bandwidth": 0.2},
}
"""Settings of the architectures that have no k; those of benchmarks/synthetic.py."""


@dataclass(frozen=True)
class Plan:
    """How the dictionaries of one run are trained."""

    architectures: tuple[str, ...]
    features: int
    steps: int
    batch: int
    seed: int


def train_saes(
    x: Mapping[str, Float[Tensor, "rows d"]],
    k: Mapping[str, int],
    plan: Plan,
    report: Report | None = None,
) -> dict[str, dict[str, Dictionary]]:
    """SAEs of every architecture at every site, by site and architecture, in one run.

    Args:
        x: by site of a block, activations to train on.
        k: by site, active features per token: exact for topk, the mean for batchtopk and
            matryoshka, the target for jumprelu.
        plan: of the run.
        report: called as training goes.

    Raises:
        MicrotomeError: as `train_on`.
    """
    tables, names = [], {}
    for i, site in enumerate(x):
        for architecture in plan.architectures:
            name = f"{i}-{architecture}"
            names[name] = site, architecture
            tables.append(table(architecture, plan, k[site]) | {"name": name, "site": site})
    made = _train(x, tables, plan, 1, report)
    found: dict[str, dict[str, Dictionary]] = {site: {} for site in x}
    for name, (site, architecture) in names.items():
        found[site][architecture] = made[name]
    return found


def train_transcoders(
    x: Mapping[str, Float[Tensor, "rows d"]],
    n_layers: int,
    k: int,
    plan: Plan,
    kinds: Sequence[str],
    model: str,
    report: Report | None = None,
) -> dict[str, Dictionary]:
    """A transcoder of each kind for a model's MLPs, by kind ("plt", "clt").

    Args:
        x: activations at `mlp.in` and `mlp.out` of every block.
        n_layers: of the model.
        k: active features per token and layer.
        plan: of the run; its first architecture.
        kinds: to train.
        model: its fingerprint.
        report: called as training goes.
    """
    shared = table(plan.architectures[0], plan, k)
    tables = [shared | {"name": kind, "kind": kind} for kind in kinds]
    return _train(x, tables, plan, n_layers, report, model)


def table(architecture: str, plan: Plan, k: int) -> dict:
    """The entry of a recipe for one dictionary."""
    k = max(1, min(k, plan.features))
    return {
        "architecture": architecture,
        "features": plan.features,
        "k": k,
        "target_l0": float(k),
        "initial_l0": float(min(4 * k, plan.features)),
        "learning_rate": 2e-3,
        "dead_after": 100 * plan.batch,
    } | _SPARSE.get(architecture, {})


def _train(
    x: Mapping[str, Tensor],
    tables: list[dict],
    plan: Plan,
    n_layers: int,
    report: Report | None,
    model: str = "",
) -> dict[str, Dictionary]:
    run = {
        "steps": plan.steps,
        "batch_size": plan.batch,
        "warmup": min(100, plan.steps // 4),
        "decay": 0.5,
        "seed": plan.seed,
        "tensorboard": False,
        "dictionary": tables,
    }
    batches = MemoryBatches(dict(x), plan.seed)
    return train_on(batches, make_recipe(run), n_layers, model, report=report)


def random_dictionary(
    dictionary: Dictionary, x: Sequence[Float[Tensor, "rows d"]], k: int, seed: int
) -> Dictionary:
    """What training starts from, with k active features a token: see `evaluation.baselines`.

    Args:
        dictionary: whose sites and shape it gets.
        x: activations at each site read, then at each site written where that is another.
        k: of each encoder.
        seed: of its weights.
    """
    by_site = dict(zip(dict.fromkeys((*dictionary.reads, *dictionary.writes)), x, strict=True))
    pairs = zip(dictionary.reads, dictionary.writes, strict=True)
    moments = tuple(Moments.of(by_site[read], by_site[write]) for read, write in pairs)
    n = len(dictionary.encoders)
    fit = Fit(dictionary.reads, moments, (float(k),) * n, (float(k),) * n)
    return random_init(dictionary, fit, seed)


def baselines(
    dictionary: Dictionary, x: Float[Tensor, "rows d"], k: int, seed: int
) -> dict[str, Dictionary]:
    """What stands beside an SAE at its site, by name: the random dictionary and PCA.

    Args:
        dictionary: of one encoder.
        x: activations to fit them on.
        k: active features of both.
        seed: of the run.
    """
    # away from the seed of training, or else the random one is what training started from
    random = random_dictionary(dictionary, [x], k, seed + 1000)
    return {RANDOM: random, PCA: principal_dictionary(x, dictionary.reads[0], k)}


def principal_dictionary(x: Float[Tensor, "rows d"], site: str, k: int) -> Dictionary:
    """Principal components as an SAE: each with either sign is a feature, and every token keeps
    the k whose components are largest."""
    wide = x.double()
    mean = wide.mean(0)
    vectors = torch.linalg.eigh((wide - mean).T @ (wide - mean)).eigenvectors.T.flip(0)
    both = torch.cat([vectors, -vectors])
    encoder = Encoder(
        both.float(), -(both @ mean).float(), Activation("topk", k=max(1, min(k, len(vectors))))
    )
    decoder = Decoder(both.float()[:, None], (0,))
    return Dictionary((site,), (site,), (encoder,), (decoder,), (mean.float(),), name=PCA)
