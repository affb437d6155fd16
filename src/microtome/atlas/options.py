"""How an atlas is built."""

from dataclasses import asdict, dataclass

from microtome.errors import MicrotomeError


@dataclass(frozen=True)
class BuildOptions:
    """What is kept of every feature, and how the corpus is read; checked on creation.

    Raises:
        MicrotomeError: a value out of range.
    """

    tokens: int | None = 2_000_000
    """Tokens of the corpus that are read, at most; None for all of them."""
    context: int = 256
    """Tokens of a row, at most; shortened to what the model holds."""
    pack: bool = False
    """Join documents into rows of exactly `context` tokens (see `data.token_blocks`)."""
    field: str = "text"
    """Field or column of the corpus that holds the text."""
    examples: int = 20
    """Top examples of a feature."""
    bands: int = 5
    """Quantile bands of equal share beside the top examples."""
    per_band: int = 5
    """Examples of a band, at most."""
    sample: int = 256
    """Uniform sample of a feature's activations: quantiles and token shares are taken from it."""
    before: int = 15
    """Tokens of an example in front of its activation, at most."""
    after: int = 8
    """Tokens of an example behind its activation, at most."""
    sampled_tokens: int = 65_536
    """Tokens of whole rows, drawn from the corpus, on which every activation is kept: for
    co-activation and for scoring labels."""
    sampled_activations: int = 2**24
    """Activations kept on those rows, at most; with more, fewer rows are kept."""
    listed: int = 10
    """Length of the lists of tokens, logits and neighbours of a feature."""
    seed: int = 0
    """Of the samples and of the map."""
    tokens_at_once: int = 8192
    """Tokens of a forward pass."""
    memory_gb: float = 4.0
    """Memory for what is kept of the features; refused beforehand where it does not suffice."""
    checkpoint_seconds: float = 300.0
    """Time between checkpoints."""
    any_model: bool = False
    """Accept a dictionary of another model."""

    def __post_init__(self):
        least = {"context": 2, "examples": 1, "bands": 0, "per_band": 1, "sample": 1}
        least |= {"before": 0, "after": 0, "sampled_tokens": 0, "sampled_activations": 1}
        least |= {"listed": 1, "seed": 0, "tokens_at_once": 2}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise MicrotomeError(
                    f"{name} is {getattr(self, name)}; it must be {smallest} or more"
                )
        if not self.memory_gb > 0:
            raise MicrotomeError(f"memory_gb is {self.memory_gb}; it must be more than 0")
        if self.tokens is not None and self.tokens < 2:
            raise MicrotomeError(f"tokens is {self.tokens}; it must be 2 or more, or None for all")

    @property
    def width(self) -> int:
        """Tokens of an example, at most."""
        return self.before + 1 + self.after

    @property
    def banded(self) -> int:
        """Examples drawn for the bands; twice those shown, as the bands fill by chance."""
        return 2 * self.bands * self.per_band

    def identity(self) -> dict:
        """What may not change while an interrupted build goes on."""
        free = ("memory_gb", "checkpoint_seconds", "any_model")
        return {name: value for name, value in asdict(self).items() if name not in free}
