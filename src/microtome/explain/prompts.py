"""What the language model is asked, and how its answers are read.

After Bills et al., "Language models can explain neurons in language models" (2023), and Paulo et
al., "Automatically interpreting millions of features in large language models" (2024,
https://arxiv.org/abs/2410.13928): marks around the active tokens, no chain of thought, verdicts on
five excerpts a question. The wording is our own.
"""

import re
from collections.abc import Sequence

from microtome.atlas.page import Example
from microtome.explain.excerpt import active, excerpt
from microtome.explain.options import ExplainOptions
from microtome.explain.question import Question

MAX_LABEL = 500

_EXPLAIN = """\
You study one feature of a language model: something that the model notices in text. You get \
excerpts in which the feature was active. The tokens on which it was active stand between « and »; \
a strength from 1 to 10 says how active it was at most in the excerpt.

Say in one short phrase what the marked tokens, or the places in which they stand, have in common. \
Be as specific as the excerpts allow: name the word, the topic, the grammar, the pattern or the \
position. Where the strong excerpts show something that the weak ones do not, follow the strong \
ones. Do not speak of marks, tokens, features or strengths, do not quote whole excerpts, and do \
not list several guesses.

Answer with one line that begins with [EXPLANATION]: and nothing else."""

_DETECT = """\
You judge what a feature of a language model responds to. You get a description of the feature and \
numbered excerpts of text. For each excerpt, decide whether the feature is active anywhere in it: \
1 if something in the excerpt fits the description, 0 if nothing does.

Answer with the verdicts in order as one list in square brackets, separated by commas, and nothing \
else; for three excerpts that is for example [0, 1, 0]."""

_FUZZ = """\
You judge what a feature of a language model responds to. You get a description of the feature and \
numbered excerpts of text in which some tokens stand between « and ». For each excerpt, decide \
whether the marks are right: 1 if the marked tokens are those on which a feature of this \
description is active, 0 if other tokens are marked.

Answer with the verdicts in order as one list in square brackets, separated by commas, and nothing \
else; for three excerpts that is for example [0, 1, 0]."""


def explaining(shown: Sequence[Example], options: ExplainOptions) -> Question:
    """Ask for an explanation; the strongest examples come first."""
    ordered = sorted(shown, key=lambda example: -example.activation)
    largest = max(ordered[0].activation, 1e-30)
    lines = [
        f"{i}. strength {max(1, round(10 * example.activation / largest))}: "
        f"{excerpt(example.tokens, active(example, options.mark_above))}"
        for i, example in enumerate(ordered, 1)
    ]
    return Question(_EXPLAIN, "\n".join(lines), options.explanation_tokens)


def detecting(label: str, excerpts: Sequence[str], options: ExplainOptions) -> Question:
    """Ask in which excerpts the feature is active."""
    return _judging(_DETECT, label, excerpts, options)


def fuzzing(label: str, excerpts: Sequence[str], options: ExplainOptions) -> Question:
    """Ask in which excerpts the marks are right."""
    return _judging(_FUZZ, label, excerpts, options)


def _judging(system: str, label: str, excerpts: Sequence[str], options: ExplainOptions) -> Question:
    lines = "\n".join(f"{i}. {text}" for i, text in enumerate(excerpts, 1))
    return Question(system, f"Description: {label}\n\n{lines}", options.verdict_tokens)


def read_explanation(answer: str) -> str | None:
    """The explanation in an answer; None where there is none."""
    said = _spoken(answer)
    marked = re.findall(r"\[EXPLANATION\]\s*:?[ \t]*([^\s:].*)", said, re.IGNORECASE)
    lines = [line for line in said.splitlines() if line.strip()]
    unmarked = len(lines) == 1 and "[EXPLANATION]" not in said.upper()
    text = marked[-1] if marked else lines[0] if unmarked else ""
    text = _unquoted(_printable(" ".join(text.split())).strip("*` "))
    return text if text and len(text) <= MAX_LABEL else None


def _unquoted(text: str) -> str:
    """Without quotation marks around the whole of it; those around words of it stay."""
    for first, last in ('""', "''", "“”"):
        inside = text[1:-1]
        if text[:1] == first and text[-1:] == last and first not in inside and last not in inside:
            return inside.strip()
    return text


def read_verdicts(answer: str, n: int) -> list[bool] | None:
    """The last list of `n` verdicts in an answer; None where there is none."""
    said = _spoken(answer)
    for inside in reversed(re.findall(r"\[([01,\s]*)\]", said)):
        if len(found := re.findall(r"[01]", inside)) == n:
            return [verdict == "1" for verdict in found]
    bare = re.split(r"[,\s]+", said.strip())
    if len(bare) == n and set(bare) <= {"0", "1"}:
        return [verdict == "1" for verdict in bare]
    return None


def _spoken(answer: str) -> str:
    """What was said, without what a reasoning model thought aloud before."""
    return re.sub(r"<think>.*?(</think>|\Z)", "", answer, flags=re.DOTALL)


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and not "\ud800" <= c <= "\udfff")
