"""How well the adder adds."""

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.model import LanguageModel
from microtome.specimen.adder import world


@torch.no_grad()
def accuracy(model: LanguageModel, pairs: Int[Tensor, "n 2"], task: str) -> float:
    """Share of pairs whose answer is the most likely next token, in a guise or an exercise."""
    logits = model.run(world.prompt_tokens(pairs, task)).logits[:, -1]
    return float((logits.argmax(-1).cpu() == world.answers(pairs, task)).double().mean())
