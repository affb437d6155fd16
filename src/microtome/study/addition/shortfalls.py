"""Where the account falls short of the model, in sentences with their figures."""

from collections.abc import Iterator

from microtome.study.addition.document import PATHS, AdditionStudy, Confusion, Path

_NAMES: dict[Path, str] = {"ones": "ones digit", "magnitude": "size"}


def shortfalls(study: AdditionStudy) -> list[str]:
    """What the claims' verdicts do not show: effects that the account has no words for."""
    return [*_outside(study), *_left(study), *_leaks(study), *_graphs(study), *_exercises(study)]


def _outside(study: AdditionStudy) -> Iterator[str]:
    layers = study.responses.layers
    mixed = max(layers, key=lambda row: row.written["mixed"])
    exact = max(layers, key=lambda row: row.written["exact sum"])
    yield (
        f"Features that no sorting explains hold up to {mixed.written['mixed']:.0%} of a layer's "
        f"strength (layer {mixed.layer}); what they do is not known."
    )
    yield (
        f"Features for exact sums, in neither path, hold up to {exact.written['exact sum']:.0%} "
        f"(layer {exact.layer}), where the paths have met before "
        f"the answer."
    )


def _left(study: AdditionStudy) -> Iterator[str]:
    rows = [_ablated(study, path) for path in (*PATHS, "both")]
    right = [row.both_right for row in rows]
    yield (
        f"Answers that stay right (ablated to mean, attention live): {right[0]} without the ones "
        f"path, {right[1]} without the magnitude path, {right[2]} without both. What attention "
        f"brings, mixed and exact features and errors are untouched."
    )
    for path, row in zip(PATHS, rows, strict=False):
        if row.neither.low > 0:
            yield (
                f"Both digits are wrong in {row.neither} without the {path} path, which the "
                f"account does not predict."
            )


def _ablated(study: AdditionStudy, path: str) -> Confusion:
    wanted = (path, "path", "mean", "live")
    return next(r for r in study.ablation if (r.path, r.who, r.to, r.attention) == wanted)


def _leaks(study: AdditionStudy) -> Iterator[str]:
    for row in study.swaps:
        if row.attention != "live" or row.patched != f"{row.swap} path":
            continue
        other: Path = "magnitude" if row.swap == "ones" else "ones"
        leak = row.size_new if row.swap == "ones" else row.ones_new
        yield (
            f"With the other sum's {row.swap} path the other sum's {_NAMES[other]} comes along in "
            f"{leak} of swaps, and the answer is the predicted one in {row.success}."
        )


def _graphs(study: AdditionStudy) -> Iterator[str]:
    for row in study.links:
        if row.attention == "live" and row.slope is not None and row.r2 is not None:
            yield (
                f"Graphs predict the effect of swapped {row.swap} features with slope "
                f"{row.slope:.2f} and R² {row.r2:.2f} over {row.n} sums, where both would be 1 if "
                f"they were exact."
            )


def _exercises(study: AdditionStudy) -> Iterator[str]:
    for row in study.circuits:
        if row.first == "equation" and "of a sum" in row.second:
            yield (
                f"Circuits of the exercise “{row.second}” overlap with those of the same sum by "
                f"{row.same.value:.0%} (random features {row.chance.value:.0%}), and the "
                f"dictionary leaves {study.errors[row.second]:.0%} of the variance there to errors."
            )
