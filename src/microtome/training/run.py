"""A run from a recipe's own words: the model, the corpus, and where activations come from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from microtome.data import (
    ActivationSource,
    ActivationStore,
    Batches,
    BlockSource,
    MemoryBatches,
    ShuffleBuffer,
    TokenPolicy,
    fingerprint_corpus,
    read_texts,
    token_blocks,
    training_texts,
    write_store,
)
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.training.layout import layout
from microtome.training.mesh import ALONE, Mesh
from microtome.training.recipe import Recipe
from microtome.training.save import corpus_fingerprint
from microtome.training.trainer import Report, train_on

Harvested = Callable[[int], None]


def train(
    recipe: Recipe,
    model: LanguageModel,
    blocks: BlockSource | None = None,
    run: Path | None = None,
    report: Report | None = None,
    other: LanguageModel | None = None,
    mesh: Mesh = ALONE,
    harvested: Harvested | None = None,
) -> dict[str, Dictionary]:
    """Train every dictionary of a recipe on a model's own activations over its corpus.

    Args:
        recipe: the whole configuration.
        model: the model to take apart.
        blocks: starts token blocks from the beginning, such as `lambda: blocks`, instead of the
            recipe's `corpus`; all of them are trained on.
        run: folder for checkpoints and metrics; a run that is there is continued.
        report: called every `report_every` steps.
        other: the second model of a two-model crosscoder.
        mesh: the processes that train together.
        harvested: called with the tokens harvested so far, where all are harvested first.

    Returns:
        The dictionaries by name.

    Raises:
        MicrotomeError: no text, no such site, fewer rows than a batch; and as `train_on`.
    """
    source = activation_source(recipe, model, blocks, other, mesh)
    batches = open_batches(recipe, source, mesh, harvested)
    return train_on(
        batches,
        recipe,
        model.n_layers,
        model.fingerprint,
        run,
        report,
        mesh,
        model.device,
        corpus_fingerprint(recipe) if run and blocks is None else "",
    )


def activation_source(
    recipe: Recipe,
    model: LanguageModel,
    blocks: BlockSource | None = None,
    other: LanguageModel | None = None,
    mesh: Mesh = ALONE,
) -> ActivationSource:
    """The activations that a recipe's dictionaries need, from one pass of the model.

    Raises:
        MicrotomeError: no corpus.
    """
    if blocks is None and not recipe.corpus:
        raise MicrotomeError("the recipe names no corpus; add corpus = '...' or --set corpus=...")
    layouts = [layout(one, model.n_layers) for one in recipe.dictionary]
    return ActivationSource(
        model,
        blocks or (lambda: _corpus_blocks(recipe, model)),
        tuple(dict.fromkeys(site for one in layouts for site in one.sites)),
        TokenPolicy(recipe.skip_first, recipe.skip_special),
        other,
        rank=mesh.data_rank,
        world=mesh.data_size,
    )


def _corpus_blocks(recipe: Recipe, model: LanguageModel) -> Iterator:
    texts = training_texts(read_texts(recipe.corpus, recipe.text_field), recipe.held_out)
    return token_blocks(model, texts, recipe.context, recipe.pack)


def open_batches(
    recipe: Recipe,
    source: ActivationSource,
    mesh: Mesh = ALONE,
    harvested: Harvested | None = None,
) -> Batches:
    """Batches as the recipe's `data` says: streamed, in memory, or from a store.

    Raises:
        MicrotomeError: fewer rows than a batch, or a store of another model or token policy.
    """
    if recipe.batch_size % mesh.data_size:
        raise MicrotomeError(
            f"batch_size = {recipe.batch_size} cannot be split evenly over {mesh.data_size} "
            f"processes; choose a multiple"
        )
    seed = recipe.seed * 4096 + mesh.data_rank
    if recipe.data == "memory" and mesh.feature_rank == 0:
        return MemoryBatches(_everything(recipe, source, mesh, harvested), seed)
    if recipe.data == "store":
        return _store(recipe, source, mesh, harvested)
    return ShuffleBuffer(source, recipe.buffer, seed)


def _store(
    recipe: Recipe, source: ActivationSource, mesh: Mesh, harvested: Harvested | None
) -> ActivationStore:
    """The store of this data rank, written first where it does not stand."""
    path = Path(recipe.store)
    if mesh.data_size > 1:
        path = path / f"{mesh.data_rank}-of-{mesh.data_size}"
    corpus = fingerprint_corpus(recipe.corpus) if recipe.corpus else ""
    if not (path / "manifest.json").is_file() and mesh.feature_rank == 0:
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise MicrotomeError(f"{path} exists and is not a store; choose another folder")
        dtype = getattr(torch, recipe.store_dtype)
        rows = recipe.max_tokens // mesh.data_size
        config = recipe.model_dump(mode="json")
        write_store(
            path,
            source,
            rows,
            dtype,
            seed=recipe.seed,
            corpus=corpus,
            config=config,
            progress=harvested,
        )
    mesh.barrier()
    store = ActivationStore(path, recipe.seed, skip_corrupt=recipe.skip_corrupt)
    other = source.other.fingerprint if source.other else ""
    store.check_model(source.model.fingerprint, other)
    _check_store_texts(path, store.manifest.config, recipe)
    harvested_from = store.manifest.inputs.get("corpus", corpus)
    if harvested_from != corpus:
        raise MicrotomeError(
            f"store {path} was made of another corpus than {recipe.corpus or 'none'} now is "
            f"({harvested_from}, not {corpus or 'none'}); give the store another folder"
        )
    if store.policy != source.policy:
        raise MicrotomeError(
            f"store {path} has {store.policy}, but the recipe asks for {source.policy}; set "
            f"skip_first and skip_special as the store has them"
        )
    _check_rows(len(store), recipe, mesh, f"store {path}")
    return store


def _check_store_texts(path: Path, made: dict, recipe: Recipe) -> None:
    """Refuse a store of other texts: held-out documents might be among them.

    Raises:
        MicrotomeError: names what differs.
    """
    for key in ("text_field", "held_out", "context", "pack"):
        if key in made and made[key] != getattr(recipe, key):
            raise MicrotomeError(
                f"store {path} was made with {key} = {made[key]!r}, but the recipe has "
                f"{getattr(recipe, key)!r}; give the store another folder or the recipe that value"
            )


def _everything(
    recipe: Recipe, source: ActivationSource, mesh: Mesh, harvested: Harvested | None
) -> dict[str, torch.Tensor]:
    """All rows of this data rank's share, `max_tokens` at most over all ranks."""
    most = recipe.max_tokens // mesh.data_size
    found: dict[str, list[torch.Tensor]] = {site: [] for site in source.sites}
    done = 0
    for rows in source():
        for site, x in rows.activations.items():
            found[site].append(x)
        done += len(rows)
        if harvested:
            harvested(done)
        if recipe.max_tokens and done >= most:
            break
    rows = min(done, most) if recipe.max_tokens else done
    _check_rows(rows, recipe, mesh, "the corpus")
    return {site: torch.cat(found.pop(site))[:rows] for site in list(found)}


def _check_rows(rows: int, recipe: Recipe, mesh: Mesh, what: str) -> None:
    if rows < recipe.batch_size // mesh.data_size:
        raise MicrotomeError(
            f"{what} gives {rows} tokens, fewer than a batch of {recipe.batch_size}; give more "
            f"text or a smaller batch_size"
        )
