"""How well the adder adds."""

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.model import LanguageModel
from microtome.specimen.adder import world


@torch.no_grad()
def accuracy(model: LanguageModel, pairs: Int[Tensor, "n 2"], guise: str) -> float:
    """Share of pairs whose sum is the most likely next token."""
    logits = model.run(world.prompt_tokens(pairs, guise)).logits[:, -1]
    return float((logits.argmax(-1).cpu() == world.answers(pairs)).double().mean())
