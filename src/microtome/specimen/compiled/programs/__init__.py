"""The programs that come with microtome, one file each."""

from microtome.errors import MicrotomeError
from microtome.specimen.compiled.program import Program
from microtome.specimen.compiled.programs.carry import CARRY
from microtome.specimen.compiled.programs.histogram import HISTOGRAM
from microtome.specimen.compiled.programs.induction import INDUCTION
from microtome.specimen.compiled.programs.parentheses import PARENTHESES
from microtome.specimen.compiled.programs.reverse import REVERSE
from microtome.specimen.compiled.programs.sort import SORT
from microtome.specimen.registry import nearest

PROGRAMS = {
    program.name: program for program in (REVERSE, SORT, HISTOGRAM, PARENTHESES, INDUCTION, CARRY)
}
"""By name."""


def find_program(program: str | Program) -> Program:
    """A program, by its name unless it is one.

    Raises:
        MicrotomeError: there is none of that name; names the nearest one.
    """
    if isinstance(program, Program):
        return program
    if program not in PROGRAMS:
        raise MicrotomeError(f"unknown program {program!r}; {nearest(program, PROGRAMS)}")
    return PROGRAMS[program]
