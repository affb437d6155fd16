"""Which documents are held out: never those that a dictionary was trained on."""

from dataclasses import replace

import pytest

from microtome.errors import MicrotomeError
from microtome.evaluation.corpus import held_out_share
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model


def test_the_share_is_that_of_training():
    plain = tiny_dictionary(tiny_model("gpt2"))
    tenth = replace(plain, name="tenth", info={"held_out": 0.1})
    few = replace(plain, name="few", info={"held_out": 0.02})
    assert held_out_share([plain], None) == 0.05
    assert held_out_share([plain, tenth], None) == 0.1
    assert held_out_share([few, tenth], None) == 0.02
    assert held_out_share([tenth], 0.03) == 0.03
    with pytest.raises(MicrotomeError, match=r"few was trained with a share of 0\.02 held out"):
        held_out_share([tenth, few], 0.05)
