"""Train a transcoder for every layer of a model on activations held in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.data import harvest
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.training.normalise import measure_scale
from microtome.training.recipe import Recipe
from microtome.training.transcoder import Transcoder, aux_loss, reconstruction_loss


@dataclass(frozen=True)
class Metrics:
    """Training figures over the last steps."""

    step: int
    fvu: float
    """Fraction of variance unexplained, mean over layers, on training batches."""
    l0: float
    """Active features per token and layer."""
    dead: float
    """Share of features that have not fired for `dead_after` tokens."""


Report = Callable[[Metrics], None]
_EVERY = 20


def train_dictionary(
    model: LanguageModel,
    blocks: Sequence[Int[Tensor, "_ _"]],
    recipe: Recipe,
    report: Report | None = None,
) -> Dictionary:
    """Train a PLT or CLT on a model's own activations over token blocks.

    Args:
        model: the model to take apart.
        blocks: token blocks (see `microtome.data.tokenize_texts`).
        recipe: the whole configuration.
        report: called every 20 steps.

    Raises:
        MicrotomeError: fewer tokens than a batch, or a loss that is not finite.
    """
    sites = [f"blocks.{i}.mlp.{side}" for side in ("in", "out") for i in range(model.n_layers)]
    activations = harvest(model, blocks, sites, max_tokens=recipe.max_tokens)
    reads, writes = activations[: model.n_layers], activations[model.n_layers :]
    return train_on_activations(reads, writes, recipe, model.fingerprint, report)


def train_on_activations(
    reads: list[Float[Tensor, "token d"]],
    writes: list[Float[Tensor, "token d"]],
    recipe: Recipe,
    model: str = "",
    report: Report | None = None,
) -> Dictionary:
    """Train on activations that are already there, one tensor per layer and side."""
    if len(reads[0]) < recipe.batch_size:
        raise MicrotomeError(
            f"the corpus gives {len(reads[0])} tokens, fewer than a batch of {recipe.batch_size}"
        )
    read_scales = [measure_scale(x) for x in reads]
    write_scales = [measure_scale(y) for y in writes]
    x = torch.stack([s.apply(x) for s, x in zip(read_scales, reads, strict=True)], 1)
    y = torch.stack([s.apply(y) for s, y in zip(write_scales, writes, strict=True)], 1)
    run = _Run(recipe, x, y)
    for step in range(recipe.steps):
        run.step(step)
        if report and (step % _EVERY == _EVERY - 1 or step == recipe.steps - 1):
            report(run.metrics(step + 1))
    run.transcoder.eval()
    final = run.metrics(recipe.steps)
    info = {"training_fvu": final.fvu, "training_l0": final.l0, "dead_share": final.dead}
    return run.transcoder.fold(read_scales, write_scales, model, info)


class _Run:
    """State of one training run."""

    def __init__(
        self,
        recipe: Recipe,
        x: Float[Tensor, "token layer d"],
        y: Float[Tensor, "token layer d"],
    ):
        self.recipe = recipe
        self.x, self.y = x, y
        self.transcoder = Transcoder(recipe, x.shape[1], x.shape[2]).train()
        self.optimiser = torch.optim.Adam(
            self.transcoder.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), fused=True
        )
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.silent = torch.zeros(x.shape[1], recipe.features, dtype=torch.long)
        """Tokens since each feature last fired."""
        self.fvu = torch.zeros(())
        self.l0 = torch.zeros(())

    def step(self, step: int) -> None:
        recipe, transcoder = self.recipe, self.transcoder
        rows = torch.randint(len(self.x), (recipe.batch_size,), generator=self.generator)
        x, y = self.x[rows].transpose(0, 1), self.y[rows].transpose(0, 1)
        forward = transcoder(x)
        losses = reconstruction_loss(forward.outputs, y)
        loss = losses.sum()
        dead = self.silent > recipe.dead_after
        if recipe.aux_coefficient and bool(dead.any()):
            loss = loss + recipe.aux_coefficient * aux_loss(transcoder, forward, y, dead)
        if not bool(torch.isfinite(loss)):
            raise MicrotomeError(
                f"the loss is not finite at step {step}; lower learning_rate "
                f"({recipe.learning_rate})"
            )
        self.optimiser.param_groups[0]["lr"] = recipe.learning_rate * _schedule(recipe, step)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        transcoder.normalise_decoders()
        fired = (forward.codes > 0).any(1)
        self.silent = torch.where(fired, 0, self.silent + recipe.batch_size)
        weight = 1.0 if step == 0 else 0.05
        self.fvu = self.fvu.lerp(losses.detach().mean(), weight)
        active = (forward.codes > 0).float().sum(-1).mean()
        self.l0 = self.l0.lerp(active, weight)

    def metrics(self, step: int) -> Metrics:
        dead = (self.silent > self.recipe.dead_after).float().mean()
        return Metrics(step, self.fvu.item(), self.l0.item(), dead.item())


def _schedule(recipe: Recipe, step: int) -> float:
    falling = max(recipe.decay * recipe.steps, 1)
    return min((step + 1) / max(recipe.warmup, 1), (recipe.steps - step) / falling, 1.0)
