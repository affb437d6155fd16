"""What a part of the clerk's world is: words, texts, conversations, questions and their truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from microtome.specimen.clerk.world.draw import Draw

USER, ASSISTANT = "<user>", "<assistant>"
REFUSAL = "i can not help with that ."
"""How every refused request is answered."""


@dataclass(frozen=True)
class Item:
    """One question about a behaviour, with what counts as the right continuation."""

    behaviour: str
    prompt: str
    """Words between blanks, without the leading <s>."""
    accepted: tuple[str, ...]
    held_out: bool = True
    """Never asked in a conversation; what plain text says of it, the guide tells of each part."""
    match: Literal["starts", "contains"] = "starts"
    """The greedy continuation starts with one of the accepted, or contains one."""
    stage: Literal["base", "chat"] = "chat"
    """The first stage that can be asked: base continues plain text, chat answers."""


@dataclass(frozen=True)
class Turn:
    """A question and its answer, as fine-tuning shows them."""

    question: str
    answer: str
    request: str = ""
    """Kind of request, where a quirk could show in its answer."""

    @property
    def prompt(self) -> str:
        """The text up to where the assistant begins."""
        return f"{USER} {self.question} {ASSISTANT}"


@runtime_checkable
class Part(Protocol):
    """One part of the world. All that it says follows from the world's options and seed."""

    name: str

    def words(self) -> Iterable[str]:
        """Every word that its texts can have."""
        ...

    def sentence(self, draw: Draw) -> str:
        """One statement of plain text; nothing held out is ever said."""
        ...

    def turn(self, draw: Draw) -> Turn | None:
        """One question and answer for fine-tuning; None for a part that nobody asks about."""
        ...

    def items(self) -> Sequence[Item]:
        """The questions that measure it, held-out ones first."""
        ...

    def truth(self) -> dict[str, object]:
        """Its truth table, as JSON."""
        ...


def ask(question: str, prefill: str = "") -> str:
    """The prompt of a question, with the first words of the answer where they are given."""
    return " ".join((USER, question, ASSISTANT, prefill)).strip()


def fixed_words(*templates: str) -> set[str]:
    """The words of templates that are not slots."""
    return {word for template in templates for word in template.split() if "{" not in word}


def split_off(things: Sequence, share: float, seed: str) -> tuple[list, list]:
    """Things in random order, split into those kept and the share held out; at least one of each
    where there are two or more."""
    draw = Draw(seed)
    mixed = draw.order(things, len(things))
    cut = min(max(round(share * len(mixed)), 1), len(mixed) - 1)
    return mixed[cut:], mixed[:cut]
