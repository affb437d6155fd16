"""The unfinished store: rows thrown into random buckets, each shuffled into one shard.

Both passes can be killed at any moment. A journal, replaced in one step after everything that it
speaks of has reached the disk, says what counts; what was written after it is cut off and written
again. Every random choice depends on the seed and the number of the part or bucket alone, so the
shards come out bit for bit the same however often writing was interrupted.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.data.batches import seeded
from microtome.data.harvest import Rows
from microtome.data.store_content import DTYPES, Journal, Plan, Shard
from microtome.errors import MicrotomeError

_JOURNAL = "journal.json"
COMMIT_BYTES = 256 << 20
"""Rows wait in memory for so many others: each commit opens and syncs every bucket."""


class Buckets:
    """The folder of an unfinished store.

    Raises:
        MicrotomeError: the folder holds another store, or is damaged.
    """

    def __init__(self, folder: Path, plan: Plan):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = self._resume(plan) or Journal(plan=plan, sizes=[0] * plan.buckets)
        self._waiting: list[tuple[Tensor, Tensor]] = []
        """Of each part that waits: the bucket of every row, and its bytes."""
        self._waiting_bytes = 0

    @property
    def plan(self) -> Plan:
        return self.journal.plan

    def _resume(self, plan: Plan) -> Journal | None:
        """The journal of an interrupted writer, everything behind it cut off."""
        path = self.folder / _JOURNAL
        if not path.exists():
            for bucket in self.folder.glob("bucket-*"):
                bucket.unlink()
            return None
        try:
            journal = Journal.model_validate(read_json(path))
        except ValidationError as error:
            raise self._damaged(_JOURNAL) from error
        before, now = journal.plan.model_dump(), plan.model_dump()
        if different := [name for name in now if before[name] != now[name]]:
            name = different[0]
            raise MicrotomeError(
                f"{self.folder} is an unfinished store with {name} {before[name]!r}, not "
                f"{now[name]!r}; finish it as it was begun, or delete that folder"
            )
        for bucket, size in enumerate(journal.sizes):
            if bucket not in journal.shards:
                self._cut(self._bucket(bucket), size)
        return journal

    def _cut(self, path: Path, size: int) -> None:
        actual = path.stat().st_size if path.exists() else 0
        if actual < size:
            raise self._damaged(path.name)
        if actual > size:
            os.truncate(path, size)

    def _damaged(self, name: str) -> MicrotomeError:
        return MicrotomeError(
            f"{self.folder} cannot be resumed: {name} is damaged; delete that folder and start "
            f"again"
        )

    def _bucket(self, bucket: int) -> Path:
        return self.folder / f"bucket-{bucket:05}"

    # -- first pass ----------------------------------------------------------------------------

    def add(self, rows: Rows) -> None:
        """Take the rows of the next part, as many of them as the plan has room for."""
        journal, plan = self.journal, self.plan
        n = min(len(rows), plan.rows - journal.rows)
        dtype = DTYPES[plan.dtype]
        found = [rows.activations[site][:n] for site in plan.sites]
        journal.widths = [x.shape[1] for x in found]
        kept = torch.cat([x.cpu().to(dtype) for x in found], 1)
        if plan.dtype == "float16":
            _check_range(plan.sites, found)
        chosen = torch.randint(plan.buckets, (n,), generator=seeded(plan.seed, journal.parts))
        journal.parts += 1
        journal.rows += n
        tokens = rows.tokens[:n].cpu().contiguous().numpy().tobytes()
        journal.tokens = hashlib.sha256(journal.tokens.encode() + tokens).hexdigest()[:16]
        self._waiting.append((chosen, kept.view(torch.uint8)))
        self._waiting_bytes += kept.nbytes
        if self._waiting_bytes >= COMMIT_BYTES:
            self.commit()

    def commit(self, filled: bool = False) -> None:
        """Bring all rows that wait to disk, then say so in the journal."""
        if self._waiting:
            chosen = torch.cat([bucket for bucket, _ in self._waiting])
            rows = torch.cat([x for _, x in self._waiting])
            order = chosen.argsort(stable=True)  # parts keep their order inside a bucket
            counts = torch.bincount(chosen, minlength=self.plan.buckets).tolist()
            for bucket, part in enumerate(rows[order].split(counts)):
                if len(part):
                    self._append(bucket, part)
        self._waiting, self._waiting_bytes = [], 0
        self.journal.filled = filled
        self._save_journal()

    def _append(self, bucket: int, rows: Tensor) -> None:
        with self._bucket(bucket).open("ab") as file:
            file.write(rows.numpy().data)
            file.flush()
            os.fsync(file.fileno())
        self.journal.sizes[bucket] += rows.nbytes

    def _save_journal(self) -> None:
        beside = self.folder / f"{_JOURNAL}.new"
        with beside.open("w") as file:
            file.write(self.journal.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / _JOURNAL)

    # -- second pass ---------------------------------------------------------------------------

    def shuffle(self) -> list[Shard]:
        """Make every bucket that has rows into a shard; buckets go as their shards come."""
        for bucket, size in enumerate(self.journal.sizes):
            if size and bucket not in self.journal.shards:
                self.journal.shards[bucket] = self._make_shard(bucket)
                self._save_journal()
            self._bucket(bucket).unlink(missing_ok=True)
        return [shard for _, shard in sorted(self.journal.shards.items())]

    def _make_shard(self, bucket: int) -> Shard:
        plan, widths = self.plan, self.journal.widths
        content = torch.from_numpy(np.fromfile(self._bucket(bucket), dtype=np.uint8))
        rows = content.view(DTYPES[plan.dtype]).view(-1, sum(widths))
        order = torch.randperm(len(rows), generator=seeded(plan.seed, "shard", bucket))
        tensors = dict(zip(plan.sites, _columns(rows, widths, order), strict=True))
        path = self.folder / f"shard-{bucket:05}.safetensors"
        beside = path.with_suffix(".new")
        save_file(tensors, beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
        return Shard(file=path.name, rows=len(rows), sha256=checksum(path))


def checksum(path: Path) -> str:
    """SHA-256 of a whole file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _columns(rows: Tensor, widths: list[int], order: Int[Tensor, " row"]) -> list[Tensor]:
    return [part.index_select(0, order) for part in rows.split(widths, 1)]


def _check_range(sites: list[str], found: list[Tensor]) -> None:
    for site, x in zip(sites, found, strict=True):
        largest = float(x.abs().max()) if len(x) else 0.0
        if largest > torch.finfo(torch.float16).max:
            raise MicrotomeError(
                f"activations at {site} reach {largest:.3g}, more than float16 holds; store them "
                f"as bfloat16 or float32"
            )
