"""Sets of numbers in words."""

from collections.abc import Sequence

MAX_RANGES = 3
"""Ranges of a quantity that are named; more are hinted at."""


def either(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def value_ranges(values: list[int], gap: int = 2) -> list[tuple[int, int]]:
    """Runs of rising values; with a gap of 2, across gaps of one."""
    ranges: list[tuple[int, int]] = []
    for value in values:
        if ranges and value - ranges[-1][1] <= gap:
            ranges[-1] = (ranges[-1][0], value)
        else:
            ranges.append((value, value))
    return ranges


def span_words(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def ranges_words(name: str, kept: Sequence[tuple[int, int]], more: bool) -> str:
    """Some ranges of a quantity: `sum 87–93 or 187`; `more` hints at others."""
    words = either([span_words(a, b) for a, b in sorted(kept)])
    return f"{name} {words}{' …' if more else ''}"


def digits_words(digits: list[int]) -> str:
    return either([str(d) for d in digits])


def ends_words(name: str, digits: Sequence[int]) -> str:
    return f"{name} ends in {digits_words(list(digits))}"


def both_end_words(names: tuple[str, str], first: list[int], second: list[int]) -> str:
    return f"{names[0]} ends in {digits_words(first)}, {names[1]} in {digits_words(second)}"


def tens_words(groups: list[int]) -> str:
    """Tens as ranges of numbers: 30–59 or 80–89."""
    return either([f"{10 * a}–{10 * b + 9}" for a, b in value_ranges(groups, gap=1)])


def both_tens_words(names: tuple[str, str], first: list[int], second: list[int]) -> str:
    return f"{names[0]} {tens_words(first)}, {names[1]} {tens_words(second)}"
