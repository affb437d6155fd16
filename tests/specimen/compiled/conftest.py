"""Compiled once for all tests that change nothing of it."""

from functools import cache
from typing import Any

import pytest

from microtome.specimen.compiled import PROGRAMS, Compiled, compile_program


@cache
def compiled_once(name: str, **options: Any) -> Compiled:
    return compile_program(name, **options)


@pytest.fixture(params=PROGRAMS)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    return compiled_once(request.param)
