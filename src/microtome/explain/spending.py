"""What questions cost: estimated before they are sent, counted when they are answered."""

from dataclasses import dataclass, field

from microtome.errors import MicrotomeError
from microtome.explain.question import Question, Stopped

_CHARACTERS_PER_TOKEN = 4.0
_PER_MESSAGE = 8
"""Tokens around a message, about."""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in any currency."""

    into: float | int
    out: float | int

    def __post_init__(self):
        for name in ("into", "out"):
            if not 0 <= (price := getattr(self, name)) < float("inf"):
                raise MicrotomeError(f"a price is {price}; it must be 0 or more")

    def of(self, tokens_in: float | int, tokens_out: float | int) -> float:
        return (tokens_in * self.into + tokens_out * self.out) / 1e6


def estimated_tokens(text: str) -> float:
    """Tokens of a text for a tokenizer that is not known: four letters each, others one each."""
    plain = sum(character.isascii() for character in text)
    return plain / _CHARACTERS_PER_TOKEN + (len(text) - plain)


def estimated_input(question: Question) -> float:
    texts = (question.system, question.user)
    return sum(estimated_tokens(text) + _PER_MESSAGE for text in texts)


@dataclass
class Spending:
    """Tokens used so far, and what there may be."""

    prices: Prices | None = None
    budget: float | int | None = None
    """In the currency of the prices; not passed, as long as no answer is longer than allowed."""
    requests: int = 0
    tokens_in: float = 0
    tokens_out: float = 0
    _under_way: float = field(default=0.0, repr=False)

    def __post_init__(self):
        if self.budget is not None and self.prices is None:
            raise MicrotomeError("a budget needs prices: give --price-in and --price-out")
        if self.budget is not None and not self.budget >= 0:
            raise MicrotomeError(f"the budget is {self.budget}; it must be 0 or more")

    @property
    def cost(self) -> float | None:
        return None if self.prices is None else self.prices.of(self.tokens_in, self.tokens_out)

    def reserve(self, question: Question) -> float:
        """Set aside what a question costs at most; returns it, for `settle`.

        Raises:
            Stopped: it might pass the budget.
        """
        if self.prices is None:
            return 0.0
        most = self.prices.of(estimated_input(question), question.max_tokens)
        if self.budget is not None and (self.cost or 0.0) + self._under_way + most > self.budget:
            raise Stopped(
                f"the budget of {self.budget:g} is used up: {self.cost:.4f} is spent and the next "
                f"question might cost {most:.4f}; what was answered is kept, and the same command "
                f"with a larger --budget goes on"
            )
        self._under_way += most
        return most

    def settle(
        self, reserved: float, question: Question, answer: str | None, usage: object = None
    ) -> None:
        """Count a question: by what the endpoint says it used, or else by an estimate.

        Args:
            reserved: what `reserve` returned.
            question: that was sent.
            answer: that came; None where it is unknown whether it was answered and billed.
            usage: of the answer, as the endpoint reports it.
        """
        self._under_way -= reserved
        self.requests += 1
        used = usage if isinstance(usage, dict) else {}
        expected = question.max_tokens if answer is None else estimated_tokens(answer)
        self.tokens_in += _count(used.get("prompt_tokens"), estimated_input(question))
        self.tokens_out += _count(used.get("completion_tokens"), expected)

    def release(self, reserved: float) -> None:
        """A question was refused: it costs nothing."""
        self._under_way -= reserved


def _count(reported: object, otherwise: float | int) -> float:
    if isinstance(reported, int) and reported >= 0:
        return float(reported)
    return float(otherwise)
