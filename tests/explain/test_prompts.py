"""Questions hold what they should and nothing more; answers of all sorts are read or refused."""

import pytest

from microtome.explain.options import ExplainOptions
from microtome.explain.prompts import detecting, explaining, read_explanation, read_verdicts
from tests.explain.world import WORDS, World


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("[EXPLANATION]: dogs", "dogs"),
        ("[explanation] dogs", "dogs"),
        ("Well.\n\n[EXPLANATION]:   names of\tdogs ", "names of dogs"),
        ("[EXPLANATION]: cats\n[EXPLANATION]: dogs", "dogs"),
        ('[EXPLANATION]: "dogs"', "dogs"),
        ('[EXPLANATION]: the word "dog"', 'the word "dog"'),
        ('[EXPLANATION]: "dog" or "cat"', '"dog" or "cat"'),
        ("**[EXPLANATION]: dogs**", "dogs"),
        ("dogs", "dogs"),
        ("<think>cats?\n[EXPLANATION]: cats</think>\ndogs", "dogs"),
        ("<think>I never stopped thinking about dogs", None),
        ("First this.\nThen that.", None),
        ("", None),
        ("[EXPLANATION]:", None),
        ("[EXPLANATION]: " + "x" * 501, None),
        ("[EXPLANATION]: a\x00b\ud800c", "abc"),
    ],
)
def test_explanations(answer: str, label: str | None):
    assert read_explanation(answer) == label


@pytest.mark.parametrize(
    ("answer", "verdicts"),
    [
        ("[1, 0, 1]", [1, 0, 1]),
        ("[1,0,1]", [1, 0, 1]),
        ("The verdicts:\n[1, 0,\n1].", [1, 0, 1]),
        ("[0, 0, 0] no, wait: [1, 0, 1]", [1, 0, 1]),
        ("For [0, 1] I say [1, 0, 1]", [1, 0, 1]),
        ("<think>[0, 0, 0]</think>[1, 0, 1]", [1, 0, 1]),
        ("1, 0, 1", [1, 0, 1]),
        ("1 0 1\n", [1, 0, 1]),
        ("1\n0\n1", [1, 0, 1]),
        ("[1, 0]", None),
        ("[1, 0, 1, 1]", None),
        ("[1, 2, 0]", None),
        ("[yes, no, yes]", None),
        ("in 1 of 0 or 1 cases", None),
        ("", None),
    ],
)
def test_verdicts(answer: str, verdicts: list[int] | None):
    expected = None if verdicts is None else [bool(v) for v in verdicts]
    assert read_verdicts(answer, 3) == expected


def test_a_question_for_an_explanation_has_no_held_out_text():
    options = ExplainOptions(shown=4)
    material = World().material((0, 3), options)
    question = explaining(material.shown, options)
    lines = question.user.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("1. strength 10:")
    assert all(f"«{WORDS[3]}»" in line for line in lines)
    assert sum(line.count("«") for line in lines) == 4
    for example in material.held_out:
        assert "".join(example.tokens) not in question.user.replace("«", "").replace("»", "")


def test_a_question_for_verdicts_has_no_marks_and_no_strength():
    options = ExplainOptions()
    material = World().material((0, 3), options)
    texts = ["".join(e.tokens) for e in material.held_out[:2]]
    question = detecting("dogs", texts, options)
    assert question.user.startswith("Description: dogs\n\n1. ")
    assert "«" not in question.user
    assert "strength" not in question.user
