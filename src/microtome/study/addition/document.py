"""What the addition study found. Imports no tensors."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from microtome.study.figure import Share

Path = Literal["ones", "magnitude"]
PATHS: tuple[Path, ...] = ("ones", "magnitude")
Kind = Literal[
    "ones of first",
    "ones of second",
    "ones of sum",
    "lookup",
    "size of first",
    "size of second",
    "size of sum",
    "size of both",
    "exact first",
    "exact second",
    "exact sum",
    "mixed",
]
Verdict = Literal["holds", "partly", "fails"]
Held = Literal["live", "frozen"]
"""Attention, while features are changed."""
Who = Literal["path", "shuffled", "others", "idle"]
"""Whose features are changed: the path's; its labels dealt again among features of the layer and
like strength, so that some stay; others of the layer, of the nearest strength; or random ones that
are off, by as much."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AdditionOptions(_Part):
    """How the study is made."""

    pairs: int = Field(default=200, ge=10, le=1000)
    """Held-out pairs that interventions are made on."""
    graphs: int = Field(default=12, ge=2, le=200)
    """Pairs that are traced in every guise."""
    draws: int = Field(default=3, ge=1, le=100)
    """Random feature sets of every control."""
    seed: int = 0


# -- (a) what responds to what -------------------------------------------------------------------


class FeatureRow(_Part):
    """One feature at the answer's position."""

    layer: int
    feature: int
    kind: Kind
    words: str
    """Its operand pattern in words."""
    fit: float
    """Squared correlation of activation and sorting, over pairs it was not made from."""
    f1: float
    """Of the sorting's best rule for when the feature is on, over such pairs."""
    density: float
    """Share of all pairs on which it is on."""
    strength: float
    """Mean over all pairs of activation times decoder length."""


class LayerRow(_Part):
    """Features of one layer at the answer's position."""

    layer: int
    alive: int
    """On at 0.2% of all pairs or more; only these are sorted."""
    counts: dict[Kind, int]
    written: dict[Kind, float]
    """Share of the layer's summed strength."""
    f1: dict[Path, float | None]
    """Mean of the path's features."""
    f1_permuted: float
    """Mean F1 that the best sorting reaches when pairs are shuffled, over all alive features."""


class Example(_Part):
    """A feature with its grid over operands, to be drawn."""

    row: FeatureRow
    grid: list[list[float]]
    """Activation by first and second operand, in blocks of one."""


class Responses(_Part):
    layers: list[LayerRow]
    permuted: dict[Path, int]
    """Features that would be on a path if pairs were shuffled; of all layers."""
    kept: dict[Path, float]
    """Share of a path's strength that shuffled sets have by chance."""
    features: list[FeatureRow]
    """Of the two paths, strongest first."""
    examples: list[Example]


# -- (b) swaps -------------------------------------------------------------------------------------


class SwapRow(_Part):
    """Features of another sum put into a prompt.

    The other prompt has one operand replaced: another ones digit, and a sum 20 or more away. The
    account predicts for the ones path the number nearest to this sum that ends as the other does,
    for the magnitude path the number nearest to the other sum that ends as this one does.
    """

    swap: Path
    """The path whose prediction is tested."""
    patched: str
    """Which features: a path, `both paths`, `all features`, or a control."""
    attention: Held
    success: Share
    """The answer is the one that the account predicts for the swap."""
    ones_new: Share
    """The answer ends as the other sum does."""
    ones_kept: Share
    size_new: Share
    """The answer is within 5 of the other sum."""
    size_kept: Share
    tens_kept: Share


class SwapExample(_Part):
    """One swap as it came out, attention live."""

    swap: Path
    prompt: str
    other: str
    answer: int
    expected: list[int]
    """More than one where two numbers are as near."""
    got: int
    """-1: no number."""


class LinkRow(_Part):
    """Logit of the predicted answer over that of the sum: what the graph predicts when the path's
    active features go to the other prompt's activations, against what the model does."""

    swap: Path
    attention: Held
    slope: float | None
    slope_interval: tuple[float, float] | None
    r2: float | None
    n: int


# -- (c) guises ------------------------------------------------------------------------------------


class OverlapRow(_Part):
    """The same path in two guises."""

    path: Path
    first: str
    second: str
    features: tuple[int, int]
    jaccard: float
    jaccard_chance: float
    """Mean over label shuffles within layers and like strength."""
    correlation: float
    """Mean over features on both sides' union, of their activations over all pairs."""


class CircuitRow(_Part):
    """Pruned graphs of the same sums in two tasks: features at the answer's position."""

    first: str
    second: str
    same: Share
    """Jaccard overlap for the same pair of operands."""
    other: Share
    """For another pair of operands."""
    chance: Share
    """For as many random active features of each layer."""


class TransferRow(_Part):
    """A path found in one guise, ablated to its mean in another task."""

    found_in: str
    task: str
    path: Path
    who: Who
    right: Share
    """The task's answer."""
    ones: Share
    tens: Share


# -- (d) ablation ----------------------------------------------------------------------------------


class Confusion(_Part):
    """What becomes of answers when features are ablated."""

    path: Path | Literal["both"]
    who: Who
    to: Literal["zero", "mean"]
    attention: Held
    both_right: Share
    ones_only: Share
    """The ones digit is right and the tens (with hundreds) are wrong."""
    tens_only: Share
    neither: Share
    ones: Share
    tens: Share
    near: Share
    """Within 5 of the sum."""
    error: float | None
    """Median distance from the sum, of answers that are numbers."""


class Claim(_Part):
    """One thing that the account says."""

    part: Literal["a", "b", "c", "d"]
    says: str
    measured: Share
    control: Share
    above: Share
    """Measured less control, paired."""
    versus: str
    """The strongest of the controls."""
    verdict: Verdict
    refuted_by: str


class AdditionStudy(_Part):
    """The whole study."""

    model: str
    model_fingerprint: str
    dictionary: str
    dictionary_fingerprint: str
    dictionary_kind: str
    options: AdditionOptions
    seconds: float
    accuracy: dict[str, Share]
    """Of the model without a change, by task, on the held-out pairs drawn."""
    errors: dict[str, float]
    """By task, share of the variance of MLP outputs at the answer's position that the dictionary
    leaves to errors, all layers."""
    responses: Responses
    swaps: list[SwapRow]
    swap_examples: list[SwapExample]
    links: list[LinkRow]
    overlaps: list[OverlapRow]
    circuits: list[CircuitRow]
    transfers: list[TransferRow]
    ablation: list[Confusion]
    claims: list[Claim]
