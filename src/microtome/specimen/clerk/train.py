"""Train one stage of the clerk: a small Llama-family model on the texts of its world."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from microtome.artifact.interrupt import Interrupted, interruptions
from microtome.specimen.checkpoint import restore_checkpoint, save_checkpoint
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.texts import Batch, Texts
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import world_of


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

Report = Callable[[int, float], None]


def new_model(recipe: ClerkRecipe) -> LlamaForCausalLM:
    """The untrained model, initialised from the recipe's seed."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=len(world_of(recipe.world).vocabulary()),
        hidden_size=recipe.d_model,
        intermediate_size=recipe.d_mlp,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=CONTEXT,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)


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
    with interruptions() as asked:
        for step in range(start, steps):
            optimiser.param_groups[0]["lr"] = stage.learning_rate * _schedule(recipe, steps, step)
            loss = _step(model, optimiser, texts.batches(step, recipe.rows, _PARTS))
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


def _step(model: LlamaForCausalLM, optimiser: torch.optim.Optimizer, batches: list[Batch]) -> float:
    """One step on all parts; every predicted token counts the same. Returns its mean loss."""
    count = sum(int(batch.learned.sum()) for batch in batches)
    total = 0.0
    for batch in batches:
        loss = losses(model, batch).sum() / count
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()
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
