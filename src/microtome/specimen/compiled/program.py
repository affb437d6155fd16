"""Programs over tokens: a DAG of named categorical variables, one value of each a position.

The idea is that of RASP (Weiss et al. 2021, "Thinking like Transformers",
https://arxiv.org/abs/2106.06981): attention selects positions and aggregates what stands there,
MLPs map. This dialect is causal, and everything in it is categorical:

- `token`, `position` and `start` are given;
- `Aggregate`: an attention head looks at the earlier (or own) position whose key has the highest
  level for the query, and takes over a variable's value there. Where nothing is selected it looks
  at `<s>`;
- `Width`: an attention head and an MLP count how many positions a query selects, `<s>` not among
  them;
- `Map`: an MLP computes a value from those of one or several variables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from random import Random

from microtome.errors import MicrotomeError
from microtome.specimen.special_tokens import END, SPECIALS, START

NONE = "-"
"""A value that says nothing; programs use it where a variable has no meaning."""
GIVEN = ("token", "position", "start")
FIRST, LATER = "first", "later"


@dataclass(frozen=True)
class Map:
    """A value computed from values at the same position: by an MLP."""

    name: str
    inputs: tuple[str, ...]
    values: tuple[str, ...]
    function: Callable[..., str]
    """From a value of each input to one of `values`; defined for every combination."""
    about: str = ""


@dataclass(frozen=True)
class Aggregate:
    """A value taken over from an earlier position: by an attention head."""

    name: str
    query: str
    key: str
    value: str
    select: Callable[[str, str], int]
    """Level of a key's value for a query's value; 0 or False: not selected. The highest level
    wins. Positions that tie must have one value."""
    about: str = ""


@dataclass(frozen=True)
class Width:
    """How many positions are selected, own one included and `<s>` not: by a head and an MLP."""

    name: str
    query: str
    key: str
    select: Callable[[str, str], bool]
    most: int
    """The largest count; more are counted as this many."""
    about: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.most + 1)))


Step = Map | Aggregate | Width


@dataclass(frozen=True)
class Text:
    """Tokens without the leading `<s>`, and what the program promises to follow each."""

    tokens: tuple[str, ...]
    targets: tuple[str | None, ...]
    """As long as the tokens; None where nothing is promised."""

    @staticmethod
    def generated(prompt: tuple[str, ...], answer: tuple[str, ...]) -> "Text":
        """A prompt that is continued by an answer, and that by `</s>`."""
        nothing = (None,) * (len(prompt) - 1)
        return Text(prompt + answer, (*nothing, *answer, END))


@dataclass(frozen=True)
class Program:
    """Variables, the one that is the next token, and the texts that the program is for.

    Raises:
        MicrotomeError: a variable that does not exist or exists twice, or no text to compute on.
    """

    name: str
    about: str
    symbols: tuple[str, ...]
    """Words of the vocabulary, besides the special tokens."""
    positions: int
    """Tokens of the longest text, with `<s>` and, where it is generated, `</s>`."""
    steps: tuple[Step, ...]
    output: str
    """The variable that is the next token."""
    short: Callable[[], Iterator[Text]]
    """Every text of small length."""
    draw: Callable[[Random], Text]
    """A random text, longer ones among them."""

    def __post_init__(self) -> None:
        known: list[str] = [*GIVEN]
        for step in self.steps:
            for used in inputs_of(step):
                if used not in known:
                    raise MicrotomeError(
                        f"program {self.name!r}: {step.name!r} reads {used!r}, which is not "
                        f"computed before it; known there: {', '.join(known)}"
                    )
            if step.name in known:
                raise MicrotomeError(f"program {self.name!r} computes {step.name!r} twice")
            known.append(step.name)
        if self.output not in known:
            raise MicrotomeError(f"program {self.name!r} has no variable {self.output!r} to output")

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """All tokens in the order of their ids."""
        return (*SPECIALS, *self.symbols)

    @cached_property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Values of every variable."""
        found: dict[str, tuple[str, ...]] = {
            "token": (START, *self.symbols),
            "position": tuple(map(str, range(self.positions))),
            "start": (FIRST, LATER),
        }
        for step in self.steps:
            found[step.name] = found[step.value] if isinstance(step, Aggregate) else step.values
        return found

    @cached_property
    def used(self) -> tuple[str, ...]:
        """Variables that something reads: what is given, in so far, and all steps."""
        read = set(chain.from_iterable(map(inputs_of, self.steps))) | {self.output}
        if any(not isinstance(step, Map) for step in self.steps):
            read.add("start")
        return tuple(v for v in self.values if v in read or v not in GIVEN)

    def step(self, name: str) -> Step | None:
        """The step that computes a variable; None of what is given."""
        return next((step for step in self.steps if step.name == name), None)


def inputs_of(step: Step) -> tuple[str, ...]:
    """Variables that a step reads."""
    if isinstance(step, Map):
        return step.inputs
    if isinstance(step, Width):
        return (step.query, step.key)
    return (step.query, step.key, step.value)
