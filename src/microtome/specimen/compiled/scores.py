"""Attention scores: a bilinear form of query and key codes that ranks keys as a selector does.

The form is the solution of a linear program whose optimum is the margin: with all scores between
-1 and 1, how much higher a key scores that is to win than any that is to lose. Where codes have
fewer dimensions than values, not every selector has such a form; then the margin is not positive.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linprog


@dataclass(frozen=True)
class Form:
    """score = [query, 1] @ matrix @ [key, start]."""

    matrix: Float[np.ndarray, "query_plus_1 key_plus_1"]
    margin: float


def fit_scores(
    query: Float[np.ndarray, "query d_query"],
    key: Float[np.ndarray, "key d_key"],
    levels: Int[np.ndarray, "query key"],
    first: int,
    equal: bool,
) -> Form:
    """The form with the largest margin.

    Args:
        query: codes of the query variable's values.
        key: codes of the key variable's values.
        levels: of each key for each query, 0 where it is not selected.
        first: the key's value at `<s>`. That position is the last resort: it scores below what is
            selected and above what is not; known by `start`, 1 there and -1 elsewhere.
        equal: whether what is selected, and `<s>` with it, must score the same: so that attention
            is shared evenly, and can be counted.
    """
    queries = np.hstack([query, np.ones((len(query), 1))])
    keys = np.hstack([key, -np.ones((len(key), 1))])
    keys = np.vstack([keys, np.append(key[first], 1.0)])  # <s> comes last
    features = np.einsum("qi,kj->qkij", queries, keys).reshape(len(queries), len(keys), -1)
    above, same = _pairs(features, levels, equal)
    n = features.shape[2]
    bounded = features.reshape(-1, n)
    # unknowns: the form's entries, then the margin, which is maximised
    upper = np.vstack([_with(-above, 1.0), _with(bounded, 0.0), _with(-bounded, 0.0)])
    limits = np.concatenate([np.zeros(len(above)), np.ones(2 * len(bounded))])
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=upper,
        b_ub=limits,
        A_eq=_with(same, 0.0) if len(same) else None,
        b_eq=np.zeros(len(same)) if len(same) else None,
        bounds=[(None, None)] * n + [(0, 2)],
        method="highs",
    )
    shape = queries.shape[1], keys.shape[1]
    if found.x is None:
        return Form(np.zeros(shape), 0.0)
    return Form(found.x[:n].reshape(shape), float(found.x[n]))


def _with(rows: Float[np.ndarray, "row n"], last: float) -> Float[np.ndarray, "row n_plus_1"]:
    return np.hstack([rows, np.full((len(rows), 1), last)])


def _pairs(
    features: Float[np.ndarray, "query key_plus_1 n"],
    levels: Int[np.ndarray, "query key"],
    equal: bool,
) -> tuple[Float[np.ndarray, "pair n"], Float[np.ndarray, "tie n"]]:
    """Differences of features: of keys that must score higher than others, and the same."""
    n = features.shape[2]
    above, same = [np.zeros((0, n))], [np.zeros((0, n))]
    for row, level in zip(features, levels, strict=True):
        start, keys = row[-1:], row[:-1]
        chosen = [keys[level == at] for at in sorted(set(level[level > 0].tolist()), reverse=True)]
        rest = keys[level == 0]
        if equal:
            same += [part - start for part in chosen]
            above.append(start - rest)
            continue
        ladder = [*chosen, start, rest]
        for high, low in pairwise(ladder):
            above.append((high[:, None] - low[None]).reshape(-1, n))
    return np.vstack(above), np.vstack(same)
