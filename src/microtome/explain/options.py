"""How features are explained and explanations scored."""

from dataclasses import asdict, dataclass
from typing import Any

from microtome.errors import MicrotomeError


@dataclass(frozen=True)
class ExplainOptions:
    """What is shown, and how much is asked; checked on creation.

    Raises:
        MicrotomeError: a value out of range.
    """

    shown: int = 20
    """Examples of a feature that the explainer sees, at most."""
    scored: int = 25
    """Held-out examples that an explanation is scored on, at most; and as many random windows."""
    per_question: int = 5
    """Excerpts that are judged in one question, as in Paulo et al."""
    mark_above: float = 0.3
    """Tokens are marked whose activation is over this share of the example's largest."""
    asked_again: int = 2
    """Times that a question is put again whose answer cannot be read."""
    controls: int = 10
    """Features that are also scored with the explanation of another one."""
    explanation_tokens: int = 300
    """Length of an explanation's answer, at most."""
    verdict_tokens: int = 60
    """Length of a verdict's answer, at most."""
    seed: int = 0
    """Of what is shown, what is held out, and in which order."""

    def __post_init__(self):
        least = {"shown": 1, "scored": 0, "per_question": 1, "asked_again": 0, "controls": 0}
        least |= {"explanation_tokens": 1, "verdict_tokens": 1, "seed": 0}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise MicrotomeError(
                    f"{name} is {getattr(self, name)}; it must be {smallest} or more"
                )
        if not 0 <= self.mark_above < 1:
            raise MicrotomeError(f"mark_above is {self.mark_above}; it must be in [0, 1)")

    def identity(self) -> dict[str, Any]:
        """What labels must have been made with to stand in one table."""
        return {name: value for name, value in asdict(self).items() if name != "controls"}
