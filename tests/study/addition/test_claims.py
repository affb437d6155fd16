"""Verdicts follow from figures."""

import numpy as np
import pytest

from microtome.study.addition.claims import claim


@pytest.mark.parametrize(
    ("measured", "controls", "expected"),
    [
        (0.9, [0.1, 0.2], "holds"),
        (0.4, [0.1, 0.2], "partly"),
        (0.9, [0.1, 0.9], "fails"),
        (0.1, [0.4], "fails"),
    ],
)
def test_the_strongest_control_decides(measured: float, controls: list[float], expected: str):
    rng = np.random.default_rng(0)

    def pairs(rate: float) -> np.ndarray:
        return rng.random((300, 1)) < rate

    found = claim("d", "", pairs(measured), {f"{i}": pairs(c) for i, c in enumerate(controls)}, "")
    assert found.verdict == expected
    assert found.versus == str(int(np.argmax(controls)))


def test_no_features_are_no_support():
    nothing = np.zeros(0)
    assert claim("a", "", nothing, {"shuffled": nothing}, "").verdict == "fails"
