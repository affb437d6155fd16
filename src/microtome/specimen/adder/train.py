"""Train the adder: a small Llama-family model that adds in three guises and knows place value."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaForCausalLM

from microtome.specimen.adder import world
from microtome.specimen.adder.tokenizer import CONTEXT
from microtome.specimen.checkpoint import restore_checkpoint, save_checkpoint
from microtome.specimen.small_llama import small_llama


@dataclass(frozen=True)
class AdderRecipe:
    """Everything that decides the adder's weights."""

    layers: int = 4
    d_model: int = 64
    heads: int = 4
    d_mlp: int = 256
    steps: int = 4000
    batch_size: int = 512
    """Pairs a step, shared between guises and exercises."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.3
    """Strong decay is what makes the held-out pairs come out right."""
    warmup: int = 100
    decay: int = 1500
    """Last steps, over which the learning rate falls linearly to zero."""
    seed: int = 0


def new_model(recipe: AdderRecipe) -> LlamaForCausalLM:
    """The untrained model, initialised from the recipe's seed."""
    return small_llama(
        len(world.vocabulary()),
        CONTEXT,
        layers=recipe.layers,
        d_model=recipe.d_model,
        heads=recipe.heads,
        d_mlp=recipe.d_mlp,
        seed=recipe.seed,
    )


def train(
    recipe: AdderRecipe,
    checkpoint: Path | None = None,
    report: Callable[[int, float], None] | None = None,
    save_every: int = 200,
) -> LlamaForCausalLM:
    """Train the adder; resumes from `checkpoint` when that file exists.

    `report(step, loss)` is called every 20 steps; the checkpoint is written every `save_every`.
    """
    model = new_model(recipe)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    made_by = asdict(recipe)
    start = restore_checkpoint(checkpoint, model, optimiser, made_by) if checkpoint else 0
    pairs = world.split_pairs(recipe.seed).train
    data = world.batches(pairs, recipe.batch_size, recipe.seed, start)
    for step in range(start, recipe.steps):
        optimiser.param_groups[0]["lr"] = recipe.learning_rate * _schedule(recipe, step)
        loss = _loss(model, next(data))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if report and step % 20 == 0:
            report(step, loss.item())
        if checkpoint and (step + 1) % save_every == 0:
            save_checkpoint(checkpoint, model, optimiser, step + 1, made_by)
    return model.eval()


def _loss(model: LlamaForCausalLM, pairs: Tensor) -> Tensor:
    """Mean cross-entropy of the answers, the pairs shared between the tasks."""
    total = torch.zeros(())
    for task, part in zip(world.TASKS, pairs.tensor_split(len(world.TASKS)), strict=True):
        logits = model(world.prompt_tokens(part, task), logits_to_keep=1, use_cache=False).logits
        total = total + F.cross_entropy(logits[:, -1], world.answers(part, task), reduction="sum")
    return total / len(pairs)


def _schedule(recipe: AdderRecipe, step: int) -> float:
    return min((step + 1) / recipe.warmup, (recipe.steps - step) / recipe.decay, 1.0)
