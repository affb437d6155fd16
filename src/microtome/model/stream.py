"""New tokens as they are generated."""

import math
from collections.abc import Callable

from jaxtyping import Int
from torch import Tensor
from transformers.generation.streamers import BaseStreamer

from microtome.errors import MicrotomeError

COLDEST = 1e-6
"""Temperature; logits over a smaller one are not finite."""


class TokenStream(BaseStreamer):
    """Hands on every new token; transformers gives the prompt first, which is left out."""

    def __init__(self, on_token: Callable[[Int[Tensor, " batch"]], None]):
        self._on_token = on_token
        self._prompt_seen = False

    def put(self, value: Tensor) -> None:
        if self._prompt_seen:
            self._on_token(value)
        self._prompt_seen = True

    def end(self) -> None:
        pass


def check_sampling(max_new_tokens: int, temperature: float, seed: int) -> None:
    """Refuse a way of generating that cannot be.

    Raises:
        MicrotomeError: names the number.
    """
    if max_new_tokens < 1:
        raise MicrotomeError(f"{max_new_tokens} new tokens cannot be generated; ask for 1 or more")
    if not (temperature == 0 or COLDEST <= temperature < math.inf):
        raise MicrotomeError(
            f"temperature {temperature} cannot be sampled at; take 0 for the most likely token, or "
            f"a number from {COLDEST:g} up"
        )
    if not -(2**63) <= seed < 2**63:
        raise MicrotomeError(f"seed {seed} is too large; take one below 2**63")
