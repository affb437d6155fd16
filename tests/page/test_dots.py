"""Dot plots put values where they are."""

import re

import pytest

from microtome.page import Axis, Dot, axis_of, dot_plot, sign

AXIS = Axis(0.0, 2.0, (0.0, 1.0, 2.0))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 1.0], (0.0, 0.25, 0.5, 0.75, 1.0)),
        ([0.0, 17.7], (0.0, 5.0, 10.0, 15.0, 20.0)),
        ([-0.3, 0.5], (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6)),
        ([2.98, 3.47], (2.8, 3.0, 3.2, 3.4, 3.6)),
        ([0.0, 0.0], (0.0, 0.25, 0.5, 0.75, 1.0)),
        ([3.0], (0.0, 1.0, 2.0, 3.0)),
        ([-2.0, float("nan")], (-2.0, -1.5, -1.0, -0.5, 0.0)),
        ([], (0.0, 0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_axes_have_round_numbers_around_their_values(values: list[float], ticks: tuple):
    axis = axis_of(values)
    assert axis.ticks == ticks
    assert (axis.low, axis.high) == (ticks[0], ticks[-1])


def test_values_intervals_parts_and_lines_are_at_their_places():
    dot = Dot("a", "ceiling", 1.0, "1.000", (0.5, 3.0), (0.8, 1.2), "said")
    made = dot_plot([dot, Dot("b")], AXIS, [(0.2, "chance: 0.2")])
    assert '<svg class="mark ceiling" x="50.0%"' in made
    assert '<line class="interval ceiling" x1="25.0%" x2="100.0%"' in made
    assert re.findall(r'class="seed ceiling" cx="([\d.]+)%"', made) == ["40.0", "60.0"]
    assert '<line class="chance" x1="10.0%" x2="10.0%" y1="0" y2="48"' in made
    assert "<title>said</title>" in made and "<title>chance: 0.2</title>" in made
    assert "<div>1.000</div><div>–</div>" in made
    assert made.count('class="mark') == 1
    assert [*re.findall(r'class="tick"[^>]*>([^<]*)<', made)] == ["0", "1", "2"]


def test_what_is_outside_is_an_arrow_at_the_end():
    inside, small, large = (dot_plot([Dot("a", value=v)], AXIS) for v in (0.0, -1.0, 5.0))
    marks = [re.findall(r'class="mark subject" x="([\d.]+)%"[^>]*>(<\w+)', m)[0] for m in
             (inside, small, large)]  # fmt: skip
    assert marks == [("0.0", "<circle"), ("0.0", "<path"), ("100.0", "<path")]


def test_names_are_escaped():
    hostile = "<b>\"'&"
    made = dot_plot([Dot(hostile, value=1.0, shown=hostile, said=hostile)], AXIS, [(1.0, hostile)])
    assert "<b>" not in made
    assert made.count("&lt;b&gt;&quot;&#x27;&amp;") == 7


def test_signs_of_marks_differ():
    of = ("subject", "other", "random", "control", "ceiling", "interval", "part", "line")
    assert len({sign(one) for one in of}) == len(of)
