"""Language models of tests: what they answer to what they are asked."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

from microtome.explain.question import Question, Stopped


def oracle(system: str, user: str) -> str:
    """Understands everything: names the word that is marked most, and finds it."""
    if "[EXPLANATION]" in system:
        marked = Counter(re.findall(r"« ?(\w+)»", user))
        return f"[EXPLANATION]: the word {marked.most_common(1)[0][0]}"
    word, lines = _asked(user)
    if "between « and »" in system:
        return str([int(set(re.findall(r"« ?(\w+)»", line)) == {word}) for line in lines])
    return str([int(word in line.split()) for line in lines])


def guesser(system: str, user: str) -> str:
    """Sees nothing: explains with a random word, and throws a coin for every verdict."""
    bits = hashlib.sha256((system + user).encode()).digest()
    if "[EXPLANATION]" in system:
        return f"[EXPLANATION]: the word {bits.hex()[:5]}"
    return str([bits[i] % 2 for i in range(len(_asked(user)[1]))])


def yes_sayer(system: str, user: str) -> str:
    if "[EXPLANATION]" in system:
        return "[EXPLANATION]: everything"
    return str([1 for _ in _asked(user)[1]])


def _asked(user: str) -> tuple[str, list[str]]:
    description, *lines = [line for line in user.splitlines() if line]
    return description.split()[-1], [line.partition(". ")[2] for line in lines]


@dataclass
class Mind:
    """A mind that answers in this process, as an `Answerer`."""

    think: object
    name: str = "mind"
    at_once: int = 3
    stops_after: int | None = None
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> str:
        if self.stops_after is not None and len(self.asked) >= self.stops_after:
            raise Stopped("no more")
        self.asked.append(question)
        return self.think(question.system, question.user)  # type: ignore[operator]

    async def close(self) -> None:
        pass
