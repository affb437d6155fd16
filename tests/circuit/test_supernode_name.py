"""Names of groups."""

import pytest

from microtome.circuit.supernode.name import group_name


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["sum ends in 5", "sum ends in 5", "sum ends in 5"], "sum ends in 5"),
        (["sum ends in 5", "sum ends in 1 or 5"], "sum ends in 5"),
        (
            [
                "first ends in 5, 6 or 9, second in 5, 6 or 9",
                "first ends in 6 or 9, second in 1, 6 or 9",
            ],
            "first ends in 6 or 9, second in 6 or 9",
        ),
        (["sum 79–104", "sum 90–135"], "sum 79–104"),
        (["sum 5, 15 or 65 …", "sum 5, 85–119 …"], "sum 5, 15 or 65 …"),
        (["", "carry", ""], "carry"),
        (["", "", ""], "L0/0@4 and 2 more"),
        ([""], "L0/0@4"),
        (
            ["first operand 0–48, between the operands"] * 2,
            "first operand 0–48, between the operands",
        ),
    ],
)
def test_the_common_part_of_labels(labels: list[str], name: str):
    names = [f"L0/{i}@4" for i in range(len(labels))]
    assert group_name(labels, [0.5, 0.4, 0.3][: len(labels)], names) == name


def test_an_outlier_does_not_name_the_group():
    labels = ["carry", "sum ends in 5", "sum ends in 5 or 9"]
    assert group_name(labels, [0.4, 0.3, 0.3], ["a", "b", "c"]) == "sum ends in 5"


def test_order_does_not_matter():
    labels, influence, names = ["sum 1", "sum 2", "sum 3"], [0.2, 0.2, 0.2], ["a", "b", "c"]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        mixed = ([values[i] for i in order] for values in (labels, influence, names))
        assert group_name(*mixed) == "sum 1"
