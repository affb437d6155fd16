"""Programs: what they may be, and what the bundled ones say."""

from dataclasses import replace
from itertools import islice

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.compiled import PROGRAMS, Map, Program, find_program
from microtome.specimen.compiled.program import Text

REVERSE = PROGRAMS["reverse"]


def same(value: str) -> str:
    return value


def test_a_step_reads_only_what_is_there():
    late = Map("late", ("later",), ("a",), same)
    with pytest.raises(MicrotomeError, match="'late' reads 'later', which is not computed before"):
        replace(REVERSE, steps=(late, *REVERSE.steps))


def test_a_variable_is_computed_once():
    with pytest.raises(MicrotomeError, match="computes 'next' twice"):
        replace(REVERSE, steps=(*REVERSE.steps, REVERSE.steps[-1]))


def test_the_output_must_be_there():
    with pytest.raises(MicrotomeError, match="no variable 'nxt' to output"):
        replace(REVERSE, output="nxt")


def test_an_unknown_program_names_the_nearest():
    with pytest.raises(MicrotomeError, match="unknown program 'sorted'; did you mean 'sort'"):
        find_program("sorted")


@pytest.mark.parametrize(
    ("name", "tokens", "targets"),
    [
        ("reverse", "a c b > b c a", "- - - b c a </s>"),
        ("sort", "3 1 3 > 1 3 3", "- - - 1 3 3 </s>"),
        ("histogram", "b a b > a 1 b 2 c 0 d 0", "- - - a 1 b 2 c 0 d 0 </s>"),
        ("parentheses", "( ) ) (", "no yes no no"),
        ("induction", "c a b c a b c", "- - - a b c a"),
        ("carry", "3 6 + 5 9 = 0 9 5", "- - - - - 0 9 5 </s>"),
    ],
)
def test_what_a_program_promises(name: str, tokens: str, targets: str):
    found = next(t for t in every_text(PROGRAMS[name]) if t.tokens == tuple(tokens.split()))
    assert found.targets == tuple(None if t == "-" else t for t in targets.split())


def every_text(program: Program) -> list[Text]:
    return list(islice(program.short(), 20_000))
