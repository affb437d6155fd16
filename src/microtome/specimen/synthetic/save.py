"""Synthetic activations on disk: a store to train on, the truth beside, and a recipe."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from microtome.artifact import check_output, read_manifest
from microtome.artifact.whole import whole_file
from microtome.data import write_store
from microtome.errors import MicrotomeError
from microtome.specimen.synthetic.options import SyntheticOptions
from microtome.specimen.synthetic.source import SITE, SyntheticSource
from microtome.specimen.synthetic.stream import SyntheticStream
from microtome.specimen.truth import Truth, save_truth

TRAINING, HELD_OUT = 0, 1
"""Seeds of the stream that is stored, and of the sample that the truth holds."""
STORE, TRUTH, RECIPE = "store", "truth", "recipe.toml"

_RECIPE = """\
# one SAE on synthetic activations: no model, no corpus, only the store
data = "store"
store = {store}
max_tokens = {tokens}
skip_first = false
skip_special = false
steps = {steps}
batch_size = {batch}
decay = 0.5

[[dictionary]]
name = "sae"
kind = "sae"
site = "{site}"
architecture = "batchtopk"
features = {features}
k = {k}
learning_rate = 2e-3
"""


def save_synthetic(
    folder: Path,
    options: SyntheticOptions,
    tokens: int,
    truth_rows: int = 4096,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write `store`, `truth` and `recipe.toml` into a folder.

    The store has the first `tokens` rows of one stream, in random order; the truth a sample of
    another one, with its firings. `microtome train FOLDER/recipe.toml` trains on the store. The
    same call goes on where an earlier one was interrupted.

    Args:
        folder: to write into.
        options: of the world.
        tokens: rows to store.
        truth_rows: rows of the sample in the truth.
        force: replace what an earlier call has written.
        progress: called with the rows stored so far.

    Raises:
        MicrotomeError: an output that exists, or a file system error.
    """
    if tokens < 1 or truth_rows < 1:
        raise MicrotomeError(f"{tokens} tokens with a sample of {truth_rows}: give at least 1 each")
    config = options.model_dump(mode="json") | {"tokens": tokens, "truth_rows": truth_rows}
    check_output(folder / STORE, force, "store")
    begun = not force and _begun(folder / TRUTH, config)
    recipe = folder / RECIPE
    if not begun:
        check_output(folder / TRUTH, force, "truth")
        if recipe.exists() and not force:
            raise MicrotomeError(f"output {recipe} exists; pass --force to replace it")
    if force:  # what another world has begun is not gone on with
        shutil.rmtree(folder / f".{STORE}.unfinished", ignore_errors=True)
    stream = SyntheticStream(options)
    if not begun:
        truth, tensors = synthetic_truth(stream, truth_rows)
        save_truth(truth, tensors, folder / TRUTH, config, force=force)
    whole_file(recipe, _recipe(folder, options, tokens))
    write_store(
        folder / STORE,
        SyntheticSource(stream, TRAINING),
        tokens,
        seed=options.seed,
        corpus=_fingerprint(options),
        config={"synthetic": config},
        force=force,
        progress=progress,
    )


def synthetic_truth(
    stream: SyntheticStream, rows: int = 4096, seed: int = HELD_OUT
) -> tuple[Truth, dict[str, Tensor]]:
    """What is known of a synthetic world, with a sample of its activations and firings."""
    options, world = stream.options, stream.world
    sample = stream.sample(rows, seed)
    truth = Truth(
        specimen="synthetic",
        kind="synthetic",
        about=(
            f"{options.directions} directions in {options.d} dimensions, {options.active:g} active "
            f"on a token on average; seed {options.seed}"
        ),
    )
    tensors = {
        "directions": world.directions,
        "probability": world.probability.float(),
        "parent": world.parent,
        "group": world.group,
        "activations": sample.activations,
        "firing_row": sample.firings.rows(),
        "firing_direction": sample.firings.features,
        "firing_value": sample.firings.values,
    }
    return truth, tensors


def build_default(name: str, folder: Path) -> None:
    """Build `specimen:synthetic`: the truth of the default options."""
    options = SyntheticOptions()
    truth, tensors = synthetic_truth(SyntheticStream(options))
    save_truth(truth, tensors, folder / TRUTH, options.model_dump(mode="json"))


def _begun(truth: Path, config: dict[str, Any]) -> bool:
    """Whether an earlier call with the same options has come as far as the truth."""
    try:
        return read_manifest(truth, "truth").config == config
    except MicrotomeError:
        return False


def _fingerprint(options: SyntheticOptions) -> str:
    return hashlib.sha256(options.model_dump_json().encode()).hexdigest()[:16]


def _recipe(folder: Path, options: SyntheticOptions, tokens: int) -> str:
    return _RECIPE.format(
        store=_quoted(str(folder / STORE)),
        tokens=tokens,
        steps=4000,
        batch=max(2, min(1024, tokens)),
        site=SITE,
        features=options.directions,
        k=max(1, round(options.active)),
    )


def _quoted(text: str) -> str:
    """A string of TOML, whose basic strings are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
