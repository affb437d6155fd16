"""Writing a store of activations: harvested once, shuffled on disk, resumable."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError

from microtome.artifact import SCHEMA_VERSIONS, Manifest, check_output, locked, new_artifact
from microtome.data.buckets import Buckets
from microtome.data.harvest import ActivationSource
from microtome.data.policy import TokenPolicy
from microtome.data.shuffle import RowSource
from microtome.data.store_content import DTYPES, Dtype, Origin, Plan, Shard, StoreContent
from microtome.errors import MicrotomeError


def write_store(
    path: Path,
    source: RowSource,
    rows: int,
    dtype: torch.dtype = torch.float32,
    shard_rows: int = 1 << 17,
    seed: int = 0,
    corpus: str = "",
    config: dict | None = None,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Harvest activations into an artifact folder of shards that are shuffled as a whole.

    Two passes: rows go to random buckets on disk, then each bucket is shuffled in memory and
    becomes a shard. What has been written stands in `.NAME.unfinished` beside the store. After an
    interruption, even a kill at any moment or a full disk, the same call goes on from there and
    makes the store, bit for bit, that an uninterrupted one would have made.

    Args:
        path: the folder to make.
        source: where the rows come from. Of an `ActivationSource` the manifest records the models
            and the token policy; rows of anything else are of no model, and all of them count.
        rows: how many tokens to keep; fewer where the corpus ends before.
        dtype: on disk: float32, bfloat16 or float16.
        shard_rows: of a shard, on average; two of them have to fit into memory.
        seed: of the order.
        corpus: fingerprint of the corpus (`fingerprint_corpus`), kept in the manifest.
        config: what made the store, kept in the manifest.
        force: replace a store that exists.
        progress: called with the rows harvested so far.

    Raises:
        MicrotomeError: an output that exists, an unfinished store of another kind or one that
            another process is writing, no token that counts, or a file system error.
    """
    check_output(path, force, "store")
    plan = _plan(source, rows, dtype, shard_rows, seed, corpus)
    work = path.with_name(f".{path.name}.unfinished")
    try:
        work.mkdir(parents=True, exist_ok=True)
        with locked(work):
            buckets = Buckets(work, plan)
            if not buckets.journal.filled:
                _fill(buckets, source, progress)
            manifest = _manifest(buckets, buckets.shuffle(), config or {})
            with new_artifact(path, manifest, force) as folder:
                for shard in buckets.journal.shards.values():
                    _link(work / shard.file, folder / shard.file)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MicrotomeError(
            f"cannot write store {path}: {reason}; what is done is kept in {work}, and the same "
            f"call goes on from there"
        ) from error
    shutil.rmtree(work, ignore_errors=True)


def _plan(
    source: RowSource, rows: int, dtype: torch.dtype, shard_rows: int, seed: int, corpus: str
) -> Plan:
    names: dict[torch.dtype, Dtype] = {value: name for name, value in DTYPES.items()}
    if dtype not in names:
        known = ", ".join(DTYPES)
        raise MicrotomeError(f"a store cannot have dtype {dtype}; choose one of {known}")
    if rows < 1 or shard_rows < 1:
        raise MicrotomeError(f"a store needs rows, not {rows} in shards of {shard_rows}")
    policy, origin = TokenPolicy(False, False), Origin()
    if isinstance(source, ActivationSource):
        policy = source.policy or TokenPolicy()
        origin = Origin(
            tokens_at_once=source.tokens_at_once,
            rank=source.rank,
            world=source.world,
            model=source.model.fingerprint,
            other=source.other.fingerprint if source.other else "",
        )
    return Plan(
        sites=list(source.sites),
        dtype=names[dtype],
        skip_first=policy.skip_first,
        skip_special=policy.skip_special,
        rows=rows,
        shard_rows=shard_rows,
        seed=seed,
        corpus=corpus,
        **origin.model_dump(),
    )


def _fill(buckets: Buckets, source: RowSource, progress: Callable[[int], None] | None) -> None:
    for rows in source(buckets.journal.parts):
        buckets.add(rows)
        if progress:
            progress(buckets.journal.rows)
        if buckets.journal.rows >= buckets.plan.rows:
            break
    if not buckets.journal.rows:
        raise MicrotomeError("the corpus has no token that counts; see its token policy")
    buckets.commit(filled=True)


def _manifest(buckets: Buckets, shards: list[Shard], config: dict) -> Manifest:
    plan, journal = buckets.plan, buckets.journal
    content = StoreContent(
        sites=plan.sites,
        widths=journal.widths,
        dtype=plan.dtype,
        skip_first=plan.skip_first,
        skip_special=plan.skip_special,
        rows=journal.rows,
        shards=shards,
    )
    inputs = {
        "model": plan.model,
        "other": plan.other,
        "corpus": plan.corpus,
        "tokens": journal.tokens,
    }
    return Manifest(
        kind="store",
        schema_version=SCHEMA_VERSIONS["store"],
        config=config | {"plan": plan.model_dump()},
        inputs={name: value for name, value in inputs.items() if value},
        content=content.model_dump(),
    )


def _link(source: Path, target: Path) -> None:
    """A second name for a shard, so that a kill on the way to the finished folder loses nothing;
    a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
