"""Excerpts of text as a language model reads them, with marks around tokens."""

from collections.abc import Sequence

from microtome.atlas.page import Example

OPEN, CLOSE = "«", "»"
_WRITTEN = {OPEN: "‹", CLOSE: "›", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""An excerpt is one line, and has no marks of its own."""
_NEWLINE_BYTE = "<0x0A>"
"""As SentencePiece names it."""


def excerpt(tokens: Sequence[str], marked: Sequence[bool] = ()) -> str:
    """Tokens as one line, each run of marked ones between « and »."""
    parts: list[str] = []
    before = False
    for i, token in enumerate(tokens):
        now = bool(marked) and marked[i]
        if now != before:
            parts.append(OPEN if now else CLOSE)
        text = token.replace(_NEWLINE_BYTE, "\n")
        parts.append("".join(_WRITTEN.get(character, character) for character in text))
        before = now
    return "".join(parts) + (CLOSE if before else "")


def active(example: Example, above: float) -> list[bool]:
    """The tokens to mark: over this share of the largest activation, which is always one."""
    least = above * max(example.values)
    return [value > 0 and value >= least for value in example.values]


def inactive(example: Example) -> list[int]:
    """Places of the tokens on which the feature was not active at all."""
    return [i for i, value in enumerate(example.values) if value <= 0]
