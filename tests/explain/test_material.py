"""What the explainer sees is never what it is scored on."""

import pytest

from microtome.atlas.page import Band, Example
from microtome.errors import MicrotomeError
from microtome.explain.excerpt import active, excerpt
from microtome.explain.material import divide
from microtome.explain.options import ExplainOptions
from tests.explain.world import World, page


def test_parts_share_no_text():
    world = World(per_feature=45)
    for key in world.keys:
        material = world.material(key, ExplainOptions())
        shown = {tuple(e.tokens) for e in material.shown}
        held_out = {tuple(e.tokens) for e in material.held_out}
        assert len(shown) == 20
        assert len(held_out) == 21
        assert not shown & held_out
        assert len(material.absent) == 21


def test_every_band_is_in_both_parts():
    material = World().material((0, 0), ExplainOptions(shown=3, scored=3))
    strengths = sorted(e.activation for e in World().page(0, 0).bands[0].examples)
    for part in (material.shown, material.held_out):
        assert len(part) == 3
        assert sum(e.activation >= strengths[0] for e in part) == 1


def test_a_division_depends_on_the_seed_and_the_feature_alone():
    world = World()
    once = [world.material(key, ExplainOptions()) for key in world.keys]
    again = [world.material(key, ExplainOptions()) for key in reversed(world.keys)]
    assert once == again[::-1]
    assert world.material((0, 0), ExplainOptions(seed=1)) != once[0]


def example(text: str, document: int = 0, position: int = 0, peak: int = 0) -> Example:
    tokens = text.split()
    values = [float(i == peak) for i in range(len(tokens))]
    return Example(
        document=document, position=position, activation=1, peak=peak, tokens=tokens, values=values
    )


def divided(*examples: Example):
    material = divide(
        page(0, [Band(name="top", low=0, high=1, examples=[*examples])]), [], ExplainOptions()
    )
    return len(material.shown), len(material.held_out)


def test_overlapping_and_repeated_texts_count_once():
    assert divided(example("a b c d", 1, 0), example("x y z w", 1, 4)) == (1, 1)
    assert divided(example("a b c d", 1, 0), example("d e f g", 1, 3)) == (1, 0)
    assert divided(example("a b c d", 1, 0), example("d e f g", 2, 3)) == (1, 1)
    assert divided(example("a b c d", 1), example("a b c d", 2)) == (1, 0)


def test_no_example_is_no_material():
    assert divided() == (0, 0)


def test_random_windows_are_as_long_as_the_examples():
    short = [example("a b c", 1), example("d e f g", 2), example("x y", 3), example("u v w", 4)]
    band = Band(name="top", low=0, high=1, examples=short)
    windows = [tuple(f"w{i}.{j}" for j in range(9)) for i in range(5)]
    material = divide(page(0, [band]), windows, ExplainOptions())
    assert len(material.held_out) == 2
    assert [len(e.tokens) for e in material.held_out] == [len(w) for w in material.absent]
    assert all(any(w == full[: len(w)] for full in windows) for w in material.absent)


def test_marks_join_neighbouring_tokens():
    assert excerpt([" a", " b", " c"], [True, True, False]) == "« a b» c"
    assert excerpt([" a", " b", " c"], [False, True, True]) == " a« b c»"
    assert excerpt([" a"], [True]) == "« a»"
    assert excerpt([" a", " b"]) == " a b"


def test_an_excerpt_is_one_line_with_no_marks_of_its_own():
    assert excerpt(["«\n", "x»"], [False, True]) == "‹\\n«x›»"
    assert excerpt(["a", "<0x0A>"]) == "a\\n"


def test_weak_tokens_are_not_marked():
    weak = Example(
        document=0, position=0, activation=10, peak=1,
        tokens=["a", "b", "c", "d"], values=[2.9, 10, 3.1, 0],
    )  # fmt: skip
    assert active(weak, 0.3) == [False, True, True, False]
    assert active(weak, 0.0) == [True, True, True, False]


@pytest.mark.parametrize(
    "wrong", [{"shown": 0}, {"scored": -1}, {"per_question": 0}, {"mark_above": 1.0}]
)
def test_options_out_of_range_are_refused(wrong: dict):
    with pytest.raises(MicrotomeError, match=next(iter(wrong))):
        ExplainOptions(**wrong)
