"""What a scoreboard is made of: truths, seeds, and how long dictionaries are trained."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from microtome.errors import MicrotomeError
from microtome.training import ARCHITECTURES


@dataclass(frozen=True)
class ScoreOptions:
    """Everything that decides the figures of a scoreboard.

    Raises:
        MicrotomeError: a number that cannot be, or an unknown architecture.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    """Of worlds, rotations, samples and training alike: one independent repetition each."""
    architectures: tuple[str, ...] = ARCHITECTURES
    steps: int = 300
    """Training steps on compiled and labelled truths."""
    synthetic_steps: int = 1200
    batch: int = 256
    """Tokens a step; twice as many on synthetic activations."""
    features: int = 128
    """Of a dictionary on a compiled circuit; elsewhere four times as many as dimensions."""
    texts: int = 1500
    """Drawn for a compiled circuit, or read of a labelled truth at most."""
    rows: int = 16_000
    """Synthetic activations on which dictionaries are scored."""
    swaps: int = 24
    """Interventions for each variable of a compiled circuit, at most."""
    graphs: int = 12
    """Prompts traced for each compiled circuit and dictionary."""
    synthetic_d: int = 64
    """Dimensions of the synthetic world, which has four times as many directions."""
    synthetic_active: float = 6.0
    """Directions active on a token, on average."""

    def __post_init__(self):
        for name in ("steps", "synthetic_steps", "swaps", "graphs", "synthetic_d"):
            if getattr(self, name) < 1:
                raise MicrotomeError(f"{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("batch", "features", "texts", "rows"):
            if getattr(self, name) < 16:
                raise MicrotomeError(f"{name} is {getattr(self, name)}; expected 16 or more")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise MicrotomeError(
                f"seeds are {list(self.seeds)}; give at least one, each once, from 0 on"
            )
        if not self.architectures:
            known = ", ".join(ARCHITECTURES)
            raise MicrotomeError(f"no architecture is given; give one or more of {known}")
        for name in self.architectures:
            if name not in ARCHITECTURES:
                known = ", ".join(ARCHITECTURES)
                raise MicrotomeError(f"unknown architecture {name!r}; known: {known}")

    def as_config(self) -> dict[str, Any]:
        """As JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def quick(options: ScoreOptions) -> ScoreOptions:
    """One seed and a few steps: whether everything runs, in seconds; the figures mean little."""
    return replace(
        options,
        seeds=options.seeds[:1],
        steps=40,
        synthetic_steps=40,
        features=64,
        texts=200,
        rows=2000,
        swaps=6,
        graphs=4,
        synthetic_d=16,
        synthetic_active=3.0,
    )
