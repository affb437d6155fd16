"""New tokens as they are generated."""

from collections.abc import Callable

from jaxtyping import Int
from torch import Tensor
from transformers.generation.streamers import BaseStreamer


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
