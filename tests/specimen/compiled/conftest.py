"""Compiled once for all tests."""

from functools import cache

import pytest

from microtome.specimen.compiled import PROGRAMS, Compiled, compile_program


@cache
def _compiled(name: str) -> Compiled:
    return compile_program(name)


@pytest.fixture(params=PROGRAMS)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    return _compiled(request.param)
