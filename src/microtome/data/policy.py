"""Which tokens count: one policy for training, metrics and graphs, kept with every dictionary."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.model import LanguageModel


@dataclass(frozen=True)
class TokenPolicy:
    """Tokens that are left out because attention sinks there have norms 10 to 100 times the
    median, and would decide every mean."""

    skip_first: bool = True
    """Leave out position 0 of every block."""
    skip_special: bool = True
    """Leave out BOS, EOS and padding wherever they stand."""

    @staticmethod
    def of(dictionary: Dictionary) -> "TokenPolicy":
        """The policy that a dictionary was trained with."""
        return TokenPolicy(dictionary.skip_first, dictionary.skip_special)

    def counts(
        self, model: LanguageModel, tokens: Int[Tensor, "batch position"]
    ) -> Bool[Tensor, "batch position"]:
        """Whether each token counts."""
        mask = torch.ones_like(tokens, dtype=torch.bool)
        if self.skip_special:
            special = torch.tensor(special_tokens(model), dtype=tokens.dtype, device=tokens.device)
            mask &= ~torch.isin(tokens, special)
        if self.skip_first:
            mask[:, 0] = False
        return mask


def special_tokens(model: LanguageModel) -> list[int]:
    """Ids of BOS, EOS and padding, as far as the model's tokenizer has them."""
    if model.tokenizer is None:
        return []
    tokenizer = model.tokenizer
    ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    return sorted({int(i) for i in ids if isinstance(i, int)})
