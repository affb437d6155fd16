"""Spaces: compressed as far as margins allow, and refused beyond."""

import pytest

from microtome.specimen.compiled import PROGRAMS, Compiled
from microtome.specimen.compiled.codes import code_margin
from microtome.specimen.compiled.space import (
    CODE_MARGIN,
    SCORE_MARGIN,
    compressed_space,
    plain_space,
    space_of,
    squeezed,
)


def test_every_margin_is_kept(compiled: Compiled):
    space = compiled.space
    assert all(code_margin(codes) >= CODE_MARGIN for codes in space.codes.values())
    assert all(form.margin >= SCORE_MARGIN for form in space.forms.values())
    assert compiled.min_margin >= 1
    assert compiled.d_model < space.subspaces
    assert compiled.ratio < 0.6


def test_subspaces_do_not_overlap(compiled: Compiled):
    taken = [i for part in compiled.space.slices.values() for i in range(part.start, part.stop)]
    assert taken == list(range(compiled.space.dims))


def test_what_a_head_takes_over_has_the_code_of_what_it_takes():
    space = compressed_space(PROGRAMS["reverse"])
    assert space.codes["letter"] is space.codes["token"]
    assert space.codes["separator"] is space.codes["position"]


def test_not_compressed_is_a_dimension_for_every_value():
    space = plain_space(PROGRAMS["sort"])
    assert space.dims == space.subspaces - 1  # start is a sign


def test_a_squeezed_space_says_which_margin_fails():
    space = compressed_space(PROGRAMS["carry"])
    failed = squeezed(space, 15).failed()
    assert failed is not None
    assert failed.found < failed.needed


def test_a_code_that_is_too_small_fails_by_name():
    program = PROGRAMS["induction"]
    space = space_of(program, {"token": 2, "position": 16})
    failed = space.failed()
    assert failed is not None and failed.what.startswith("the code of 'token' in 2")
    assert failed.found == pytest.approx(0.234, abs=0.001)
