"""Features of the paths as rows, layer by layer."""

from jaxtyping import Float
from torch import Tensor

from microtome.specimen.adder import world
from microtome.specimen.adder.operands import describe_grid
from microtome.study.addition.document import (
    PATHS,
    Example,
    FeatureRow,
    Kind,
    LayerRow,
    Path,
    Responses,
)
from microtome.study.addition.kinds import NAMES, Kinds
from microtome.study.addition.paths import Paths
from microtome.study.addition.subject import Subject

_LISTED = 40
"""Features of each path that are listed."""
_DRAWN: tuple[Kind, ...] = ("ones of sum", "lookup", "size of sum", "size of both", "exact sum")


def responses(
    subject: Subject,
    kinds: Kinds,
    paths: Paths,
    control: Kinds,
    activation: Float[Tensor, "pairs columns"],
) -> Responses:
    """(a) What responds to what.

    Args:
        subject: model and dictionary.
        kinds: of the equation guise.
        paths: of that guise.
        control: the same with pairs shuffled.
        activation: over all 10,000 pairs, the first operand slowest.
    """
    strength = kinds.mean * subject.length

    def row(column: int) -> FeatureRow:
        return FeatureRow(
            layer=int(subject.layer[column]),
            feature=int(subject.feature[column]),
            kind=NAMES[int(kinds.kind[column])],
            words=describe_grid(_grid(activation, column)).text,
            fit=float(kinds.fit[column]),
            f1=float(kinds.f1[column]),
            density=float(kinds.density[column]),
            strength=float(strength[column]),
        )

    listed = [
        column for path in PATHS for column in _strongest(kinds.path(path), strength)[:_LISTED]
    ]
    drawn = [
        column
        for kind in _DRAWN
        for column in _strongest(kinds.alive & (kinds.kind == NAMES.index(kind)), strength)[:1]
    ]
    return Responses(
        layers=[
            _layer(subject, kinds, control, strength, layer)
            for layer in range(len(subject.dictionary.n_features))
        ],
        kept={path: _kept(paths, path, strength) for path in PATHS},
        permuted={path: int(control.path(path).sum()) for path in PATHS},
        features=[row(column) for column in listed],
        examples=[
            Example(row=row(c), grid=(_grid(activation, c) * 1000).round().div(1000).tolist())
            for c in drawn
        ],
    )


def _kept(paths: Paths, path: Path, strength: Tensor) -> float:
    own, dealt = paths.own[path], paths.dealt[path, "shuffled"]
    total = float(strength[own].sum()) * len(dealt)
    return sum(float(strength[own & mask].sum()) for mask in dealt) / total if total else 0.0


def _grid(activation: Tensor, column: int) -> Tensor:
    return activation[:, column].view(world.OPERANDS, world.OPERANDS)


def _strongest(among: Tensor, strength: Tensor) -> list[int]:
    columns = among.nonzero()[:, 0]
    return columns[strength[columns].argsort(descending=True, stable=True)].tolist()


def _layer(
    subject: Subject, kinds: Kinds, control: Kinds, strength: Tensor, layer: int
) -> LayerRow:
    here = kinds.alive & (subject.layer == layer)
    total = float(strength[here].sum())
    of_kind: dict[Kind, Tensor] = {name: here & (kinds.kind == i) for i, name in enumerate(NAMES)}
    f1: dict[Path, float | None] = {}
    for path in PATHS:
        mine = here & kinds.path(path)
        f1[path] = float(kinds.f1[mine].mean()) if bool(mine.any()) else None
    return LayerRow(
        layer=layer,
        alive=int(here.sum()),
        counts={name: int(mask.sum()) for name, mask in of_kind.items()},
        written={
            name: float(strength[mask].sum()) / total if total else 0.0
            for name, mask in of_kind.items()
        },
        f1=f1,
        f1_permuted=float(control.f1[here].mean()) if bool(here.any()) else 0.0,
    )
