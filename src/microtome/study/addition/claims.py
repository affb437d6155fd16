"""What the account says, and whether it holds."""

from collections.abc import Mapping
from functools import reduce
from typing import Literal

import numpy as np

from microtome.specimen.adder import world
from microtome.study.addition.ablation import Ablated, To
from microtome.study.addition.document import PATHS, Claim, Held, Path, Verdict, Who
from microtome.study.addition.guises import Compared, Transferred
from microtome.study.addition.paths import DEALT
from microtome.study.addition.subject import MODES
from microtome.study.addition.swaps import Swapped
from microtome.study.figure import Share, above, share

ENOUGH = 0.5
"""A claim holds only of at least half of the pairs."""
_CONTROLS: tuple[Who, ...] = ("shuffled", "others", "idle")
_OTHER: dict[Path, Path] = {"ones": "magnitude", "magnitude": "ones"}


def claim(
    part: Literal["a", "b", "c", "d"],
    says: str,
    measured,
    controls: Mapping[str, np.ndarray],
    refuted_by: str,
    seed: int = 0,
) -> Claim:
    """Judge a share against the strongest of its controls.

    Args:
        part: of the study.
        says: the account, in a sentence.
        measured: by pair (and draw), whether it is so.
        controls: the same of each control.
        refuted_by: what would count against it.
        seed: of the intervals.
    """
    versus = max(controls, key=lambda name: share(controls[name], seed).value)
    difference = above(measured, controls[versus], seed)
    found = share(measured, seed)
    return Claim(
        part=part,
        says=says,
        measured=found,
        control=share(controls[versus], seed),
        above=difference,
        versus=versus,
        verdict=verdict(found, difference),
        refuted_by=refuted_by,
    )


def verdict(measured: Share, difference: Share) -> Verdict:
    """`holds`: at least half, and clearly above the control; `partly`: only above; else `fails`."""
    if not difference.n or difference.low <= 0:
        return "fails"
    return "holds" if measured.value >= ENOUGH else "partly"


def response_claims(
    f1: Mapping[Path, np.ndarray], permuted: Mapping[Path, np.ndarray], seed: int = 0
) -> list[Claim]:
    """(a) By feature of each path, its F1, and the best F1 it reaches when pairs are shuffled."""
    what = {
        "ones": "Ones digits say when the features of the ones path are on",
        "magnitude": "Sizes say when the features of the magnitude path are on",
    }
    return [
        claim(
            "a",
            f"{what[path]} (mean F1, on pairs that the rule was not made from).",
            f1[path],
            {"pairs shuffled": permuted[path]},
            "An F1 no higher than that of shuffled pairs, or no such features at all.",
            seed,
        )
        for path in PATHS
    ]


def swap_claims(swapped: Mapping[Path, Swapped], seed: int = 0) -> list[Claim]:
    """(b) Attention live and frozen."""
    what = {
        "ones": "puts its ones digit on the number nearest to this sum",
        "magnitude": "moves the answer to its size and keeps this sum's ones digit",
    }
    return [
        claim(
            "b",
            f"Another sum's {path} path {what[path]} (attention {held}).",
            swapped[path].success(f"{path} path", held),
            {
                name: swapped[path].success(name, held)
                for name in (f"{_OTHER[path]} path", *_CONTROLS)
            },
            "Answers that stay, become the other sum or any other number, or become the predicted "
            "one as often by other features.",
            seed,
        )
        for path in PATHS
        for held in MODES
    ]


def guise_claims(
    compared: Mapping[tuple[str, str], Compared],
    transferred: Mapping[str, Transferred],
    seed: int = 0,
) -> list[Claim]:
    """(c) Circuits, paths across guises, paths in the exercises."""
    guises = tuple(world.GUISES)
    first, *others = guises
    exercises = ("ones of a sum", "tens of a sum")
    found = [
        _overlap_claim(compared, guises, guises, "in every guise", seed),
        _overlap_claim(compared, (first,), exercises, "in the exercises with two operands", seed),
    ]
    for path in PATHS:
        where = [transferred[task] for task in others]
        found.append(
            claim(
                "c",
                f"The {path} path of the {first} guise is that of the others: without it their "
                f"{path if path == 'ones' else 'tens'} alone are wrong.",
                _in_all(where, first, path, "path"),
                {who: _in_all(where, first, path, who) for who in DEALT},
                "Answers that stay right, or fail in other ways, or as often by shuffled features.",
                seed,
            )
        )
    for path, task in zip(PATHS, exercises, strict=True):
        one = transferred[task]
        found.append(
            claim(
                "c",
                f"The exercise “{task}” fails without the {path} path of the {first} guise, and "
                f"not without the other.",
                one.wrong(first, path),
                {
                    f"{_OTHER[path]} path": one.wrong(first, _OTHER[path]),
                    # shuffled sets hold much of the path, so they break the exercise as it does
                    "others": one.wrong(first, path, "others"),
                },
                "An exercise that stays right, or that fails as often without the other path.",
                seed,
            )
        )
    return found


def _in_all(where: list[Transferred], guise: str, path: Path, who: Who) -> np.ndarray:
    """By pair, the share of guises in which the error is the predicted one; over the pairs that
    are answered rightly in all of them, since one pair in two guises is not two pairs."""
    common = reduce(np.intersect1d, [one.which for one in where])
    found = [one.predicted(guise, path, who)[np.isin(one.which, common)].mean(1) for one in where]
    return np.mean(found, 0)


def _overlap_claim(
    compared: Mapping[tuple[str, str], Compared],
    these: tuple[str, ...],
    those: tuple[str, ...],
    where: str,
    seed: int,
) -> Claim:
    between = [one for (a, b), one in compared.items() if a in these and b in those]
    return claim(
        "c",
        f"One sum has the same circuit at the answer {where} (Jaccard overlap).",
        np.mean([one.same for one in between], 0),
        {
            "random active features": np.mean([one.chance for one in between], 0),
            "another sum": np.mean([one.other for one in between], 0),
        },
        "An overlap as small as that of random features, or of other sums.",
        seed,
    )


def ablation_claims(ablated: Ablated, seed: int = 0) -> list[Claim]:
    """(d) The error pattern, for both kinds of ablation, attention live and frozen."""
    what = {
        "ones": "the tens stay right and the ones digit is wrong",
        "magnitude": "the ones digit stays right and the tens are wrong",
    }

    def one(path: Path, to: To, held: Held) -> Claim:
        return claim(
            "d",
            f"Without the {path} path (ablated to {to}, attention {held}) {what[path]}.",
            ablated.predicted(path, "path", to, held),
            {who: ablated.predicted(path, who, to, held) for who in _CONTROLS},
            "Answers that stay right, or lose both digits, or fail so by random features too.",
            seed,
        )

    return [one(path, to, held) for path in PATHS for to in ("mean", "zero") for held in MODES]
