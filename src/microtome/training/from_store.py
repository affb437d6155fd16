"""Training on a store alone: the rows are there, and no model is needed."""

from pathlib import Path

from microtome.data import ActivationStore, TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model.site import Site
from microtome.training.layout import layout
from microtome.training.mesh import ALONE, Mesh
from microtome.training.recipe import Recipe
from microtome.training.trainer import Report, train_on


def trains_from_store(recipe: Recipe) -> bool:
    """Whether a recipe names a store that stands, and no model."""
    stands = (Path(recipe.store) / "manifest.json").is_file() if recipe.store else False
    return recipe.data == "store" and not recipe.model and stands


def train_from_store(
    recipe: Recipe,
    run: Path | None = None,
    report: Report | None = None,
    mesh: Mesh = ALONE,
    device: str = "cpu",
) -> dict[str, Dictionary]:
    """Train every dictionary of a recipe that names no model on the store that it names.

    The dictionaries keep the fingerprint of the model that the store was harvested from; where
    the store is of none, such as synthetic activations, they have none.

    Args:
        recipe: the whole configuration; its corpus is not looked at.
        run: folder for checkpoints and metrics; a run that is there is continued.
        report: called every `report_every` steps.
        mesh: the processes that train together; each takes its share of the store.
        device: where to train.

    Raises:
        MicrotomeError: no store, another token policy, a site that the store does not have; and
            as `train_on`.
    """
    path = Path(recipe.store)
    store = ActivationStore(
        path, recipe.seed, mesh.data_rank, mesh.data_size, skip_corrupt=recipe.skip_corrupt
    )
    wanted = TokenPolicy(recipe.skip_first, recipe.skip_special)
    if store.policy != wanted:
        raise MicrotomeError(
            f"store {path} has {store.policy}, but the recipe asks for {wanted}; set skip_first "
            f"and skip_special as the store has them"
        )
    if len(store) < recipe.batch_size:
        raise MicrotomeError(
            f"store {path} gives {len(store)} tokens, fewer than a batch of {recipe.batch_size}; "
            f"give more or a smaller batch_size"
        )
    _check_sites(store, recipe)
    inputs = store.manifest.inputs
    return train_on(
        store,
        recipe,
        _layers(store),
        inputs.get("model", ""),
        run,
        report,
        mesh,
        device,
        inputs.get("corpus", ""),
    )


def _layers(store: ActivationStore) -> int:
    """Depth of the model, as far as the sites of a store show it."""
    layers = [Site.parse(site.rpartition(":")[2]).layer for site in store.sites]
    return 1 + max((layer for layer in layers if layer is not None), default=0)


def _check_sites(store: ActivationStore, recipe: Recipe) -> None:
    for one in recipe.dictionary:
        for site in layout(one, _layers(store)).sites:
            if site not in store.sites:
                raise MicrotomeError(
                    f"dictionary {one.name!r} needs site {site}, but store {store.path} has "
                    f"{', '.join(store.sites)}"
                )
