"""How a scoreboard names its tables, figures and methods, in the terminal and on its page."""

from microtome.specimen.score.result import Score, Scoreboard

TITLES = {
    "directions": "directions found in synthetic activations",
    "concepts": "known concepts told by single features",
    "interventions": "values swapped through features",
    "edges": "edges of attribution graphs against the circuit",
}
COLUMNS = {
    "mcc": "MCC",
    "unique": "unique",
    "coverage": "coverage",
    "l0": "L0",
    "fvu": "FVU",
    "predicted": "predicted",
    "kept": "kept",
    "effect_r2": "effect R²",
    "auroc": "AUROC",
    "auroc_shown": "of shown",
    "matched": "matched",
    "variables": "variables",
}
ROLES = {
    "dictionary": "",
    "method": "",
    "random": "random",
    "shuffled": "control",
    "ceiling": "ceiling",
}
DIGITS = {"l0": 1}
"""Behind the point, of figures that have not three."""
HEADLINE = {"concepts": "coverage", "interventions": "predicted", "edges": "auroc"}
"""The first figure of a task, which is shown by circuit."""


def over(board: Scoreboard) -> str:
    """What figures are means over, and whether they have intervals."""
    n = len(board.seeds)
    if board.splits:
        several = f"mean over {n} splits of one sample, no interval"
        return several if n > 1 else "one split of one sample, no interval"
    if n == 1:
        return "one seed: no interval"
    return f"mean over {n} seeds ± half of its 95% interval (Student's t over seeds)"


def number(score: Score | None, missing: str = "-", digits: int = 3) -> str:
    """A figure and half the width of its interval."""
    if score is None:
        return missing
    text = plain(score.value, digits)
    if score.high is None:
        return text
    digits = 1 if abs(score.value) >= 10 else digits
    half = f"{score.high - score.value:.{digits}f}".removeprefix("0")
    return f"{text} ±{half}"


def plain(value: float, digits: int = 3) -> str:
    """A figure alone."""
    if abs(value) >= 10:
        digits = 1
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")
