"""Which sites a dictionary reads and writes, from its recipe and the model's depth."""

from dataclasses import dataclass

from microtome.data.harvest import OTHER
from microtome.errors import MicrotomeError
from microtome.training.recipe import DictionaryRecipe


@dataclass(frozen=True)
class Layout:
    """Encoder i reads the sites `sources[i]` of `reads` and writes `targets[i]` of `writes`.

    Both are runs of neighbouring indices, so that what a feature reads or writes is one stretch
    of memory.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    sources: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reads, *self.writes)))


def layout(recipe: DictionaryRecipe, n_layers: int) -> Layout:
    """The sites of a dictionary on a model of so many layers.

    Raises:
        MicrotomeError: a layer that the model does not have, or not as many sites written as
            read.
    """
    layers = list(range(n_layers)) if recipe.layers == "all" else list(recipe.layers)
    for layer in layers:
        if not 0 <= layer < n_layers:
            raise MicrotomeError(
                f"dictionary {recipe.name!r}: layer {layer} does not exist; the model has layers "
                f"0 to {n_layers - 1}"
            )
    reads = _named(recipe.site, layers)
    if recipe.kind == "crosscoder":
        if recipe.two_models:
            reads += tuple(OTHER + site for site in reads)
        everything = (tuple(range(len(reads))),)
        return Layout(reads, reads, everything, everything)
    own = tuple((i,) for i in range(len(reads)))
    if recipe.kind == "sae":
        return Layout(reads, reads, own, own)
    writes = _named(recipe.write, layers)
    if len(reads) != len(writes):
        raise MicrotomeError(
            f"dictionary {recipe.name!r} reads {len(reads)} sites ({recipe.site}) but writes "
            f"{len(writes)} ({recipe.write}); put {{layer}} into both, or name one of `layers`"
        )
    later = tuple(tuple(range(i, len(reads))) for i in range(len(reads)))
    targets = later if recipe.kind == "clt" else own
    return Layout(reads, writes, own, targets)


def _named(template: str, layers: list[int]) -> tuple[str, ...]:
    if "{layer}" not in template:
        return (template,)
    return tuple(template.replace("{layer}", str(layer)) for layer in layers)
