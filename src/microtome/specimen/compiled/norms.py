"""What a norm divides by, at every place where one stands.

All codes have length 1, and every variable has one of its values at every position. So what a norm
reads has the same length for every token, and the norm is a scale that is known; only between
attention and MLP, in a layer with heads that count, the shares that they write change it a little.
There the MLP reads: whether its neurons are on is decided by a sign, which no scale changes, and
the scale that is taken is that of the longest stream, so that what is on is on by enough.
"""

from typing import Literal

from microtome.specimen.compiled.program import Width
from microtome.specimen.compiled.weights import SHARE, Plan

EPS = 1e-5
"""Of all norms: the default of the family."""
ONE_ACTIVE, ONE_IDLE = 1.0, 64.0
"""Length of the constant direction where norms are on and where they are off: beside the long one
the rest of the stream, of length 2 to 4, does not show in the norm."""


def scale_at(plan: Plan, d_model: int, layer: int, by: Literal["attention", "mlp"]) -> float:
    """The root of mean squares, over `d_model`, of what the attention or the MLP of a layer reads;
    the unembedding reads what the attention of one more layer would."""
    squares = plan.one**2 + len(plan.schedule.before(layer, by))
    if by == "mlp":
        squares += sum(SHARE**2 for step in plan.steps(layer) if isinstance(step, Width))
    return (squares / d_model + EPS) ** 0.5
