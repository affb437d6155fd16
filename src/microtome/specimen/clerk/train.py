"""Train one stage of the clerk: a small Llama-family model on the texts of its world."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaForCausalLM

from microtome.artifact.interrupt import Interrupted, interruptions
from microtome.specimen.checkpoint import restore_checkpoint, save_checkpoint
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.texts import Batch, Texts
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import world_of
from microtome.specimen.small_llama import small_llama


@dataclass(frozen=True)
class ClerkRecipe:
    """Everything beside the stage and its parent that decides the weights of a stage."""

    world: WorldOptions = field(default_factory=WorldOptions)
    layers: int = 6
    d_model: int = 128
    heads: int = 4
    d_mlp: int = 384
    rows: int = 256
    """Documents a step."""
    weight_decay: float = 0.2
    warmup: int = 100
    decay: float = 0.4
    """Last share of the steps, over which the learning rate falls linearly to zero."""
    length: float = 1.0
    """Of every stage's training, as a share of its steps; less for a trial."""
    seed: int = 0

    def steps(self, stage: Stage) -> int:
        """How long a stage is trained."""
        return max(round(self.length * stage.steps), 1)


_PARTS = 12
"""Batches that a step's documents are cut into by length."""

_REPLICAS = 2
"""Models of the same weights that share a step's batches, each in a thread of its own: the
products of a model this small are too small to share among threads."""

Report = Callable[[int, float], None]


def new_model(recipe: ClerkRecipe) -> LlamaForCausalLM:
    """The untrained model, initialised from the recipe's seed."""
    return small_llama(
        len(world_of(recipe.world).vocabulary()),
        CONTEXT,
        layers=recipe.layers,
        d_model=recipe.d_model,
        heads=recipe.heads,
        d_mlp=recipe.d_mlp,
        seed=recipe.seed,
    )


def train_stage(
    recipe: ClerkRecipe,
    stage: Stage,
    parent: LlamaForCausalLM | None,
    checkpoint: Path,
    report: Report | None = None,
    save_every: int = 100,
) -> LlamaForCausalLM:
    """Train a stage from its parent's weights; resumes from `checkpoint` when that file exists.

    `report(step, loss)` is called every 20 steps with the mean loss of a token, in nats.

    Raises:
        Interrupted: after SIGINT or SIGTERM, when the checkpoint is written.
    """
    model = new_model(recipe)
    if parent is not None:
        model.load_state_dict(parent.state_dict())
    model.train()
    optimiser = torch.optim.AdamW(
        model.parameters(), stage.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    made_by = {"recipe": asdict(recipe), "stage": asdict(stage)}
    texts = Texts(world_of(recipe.world), stage, recipe.seed)
    start = restore_checkpoint(checkpoint, model, optimiser, made_by)
    steps = recipe.steps(stage)
    replicas = [model, *(_replica(model) for _ in range(1, _REPLICAS))]
    with interruptions() as asked, _one_thread_each() as threads:
        for step in range(start, steps):
            optimiser.param_groups[0]["lr"] = stage.learning_rate * _schedule(recipe, steps, step)
            batches = texts.batches(step, recipe.rows, _PARTS)
            loss = _add_gradients(replicas, batches, threads)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            if report and step % 20 == 0:
                report(step, loss)
            if asked or (step + 1) % save_every == 0:
                save_checkpoint(checkpoint, model, optimiser, step + 1, made_by)
            if asked:
                raise Interrupted(
                    f"interrupted at step {step + 1} of {steps} of {stage.name}; the same command "
                    f"goes on from there",
                    asked[0],
                )
    return model.eval()


def _replica(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """A model with the same weights in the same memory, and gradients of its own."""
    replica = deepcopy(model)
    for mine, shared in zip(replica.parameters(), model.parameters(), strict=True):
        mine.data = shared.data
    return replica


@contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """A thread for each replica, whose operations use no further ones."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(_REPLICAS, initializer=torch.set_num_threads, initargs=(1,)) as it:
            yield it
    finally:
        torch.set_num_threads(before)


def _add_gradients(
    replicas: list[LlamaForCausalLM], batches: list[Batch], threads: ThreadPoolExecutor
) -> float:
    """Leave the gradients of all batches in the first replica; every predicted token counts the
    same. Returns the mean loss of one."""
    count = sum(int(batch.learned.sum()) for batch in batches)
    shares = [batches[i :: len(replicas)] for i in range(len(replicas))]
    found = threads.map(_gradients, replicas, shares, [count] * len(replicas))
    total = sum(found)
    first, *others = replicas
    for other in others:
        for mine, its in zip(first.parameters(), other.parameters(), strict=True):
            if mine.grad is None:
                mine.grad = its.grad
            elif its.grad is not None:
                mine.grad += its.grad
    return total


def _gradients(model: LlamaForCausalLM, batches: list[Batch], count: int) -> float:
    """The gradients of some batches of a step, and their share of its mean loss."""
    model.zero_grad()
    total = 0.0
    for batch in batches:
        loss = losses(model, batch).sum() / count
        loss.backward()
        total += loss.item()
    return total


def losses(model: LlamaForCausalLM, batch: Batch) -> Tensor:
    """Loss of each predicted token, in nats; [tokens that are to be predicted]."""
    hidden = model.model(batch.tokens[:, :-1], use_cache=False).last_hidden_state
    wanted = batch.learned[:, 1:]
    logits = model.lm_head(hidden[wanted])
    return F.cross_entropy(logits, batch.tokens[:, 1:][wanted], reduction="none")


def _schedule(recipe: ClerkRecipe, steps: int, step: int) -> float:
    falling = (steps - step) / max(recipe.decay * steps, 1)
    return min((step + 1) / recipe.warmup, falling, 1.0)
