"""The store of activations: shuffled rows on disk, read as batches."""

import warnings
from pathlib import Path

import torch
from jaxtyping import Float
from pydantic import ValidationError
from torch import Tensor

from microtome.artifact import Manifest, read_manifest
from microtome.data.batches import check_state, numbers, seeded
from microtome.data.buckets import checksum
from microtome.data.policy import TokenPolicy
from microtome.data.store_content import Shard, StoreContent
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError


class ActivationStore:
    """Batches from an artifact folder that `write_store` has made.

    Shards come in a new order each epoch, and so do the rows of each; one shard at a time is
    memory-mapped, after its checksum has been compared. With several ranks, each takes its share
    of every shard.

    Args:
        path: the folder.
        seed: of the order.
        rank: of this process.
        world: number of processes.
        skip_corrupt: go on, with a warning, without shards that are damaged.

    Raises:
        MicrotomeError: not a store, from a newer version, or a shard that is damaged; a damage
            that leaves the size as it was is found when the shard is opened.
    """

    def __init__(
        self,
        path: Path,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        skip_corrupt: bool = False,
    ):
        self.path = path
        self.manifest = read_manifest(path, "store", files=False)
        self.content = _content(path, self.manifest)
        self.skipped: list[str] = []
        """Damaged shards that are left out."""
        self._skip_corrupt = skip_corrupt
        self._checked: set[str] = set()
        for shard in self.content.shards:
            self._check_size(shard)
        self._rank, self._world = rank, world
        self._seed, self._epoch, self._shard, self._at, self._seen = seed, 0, 0, 0, 0
        self._open: tuple[str, dict[str, Tensor]] | None = None
        self._begin_epoch()

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(self.content.sites)

    @property
    def tokens_seen(self) -> int:
        return self._seen

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def policy(self) -> TokenPolicy:
        """The tokens that were kept."""
        return TokenPolicy(self.content.skip_first, self.content.skip_special)

    def __len__(self) -> int:
        """Rows of all ranks, without those of shards found damaged so far."""
        return sum(s.rows for s in self.content.shards if s.file not in self.skipped)

    def check_model(self, fingerprint: str, other: str = "") -> None:
        """Refuse a store of another model's activations.

        Raises:
            MicrotomeError: it was made from other weights.
        """
        for name, given in (("model", fingerprint), ("other", other)):
            made_from = self.manifest.inputs.get(name, "")
            if given != made_from:
                raise MicrotomeError(
                    f"store {self.path} holds activations of another model ({name} "
                    f"{made_from or 'none'}, not {given or 'none'}); harvest this model's own"
                )

    def verify(self) -> None:
        """Compare the checksum of every shard now.

        Raises:
            MicrotomeError: one is damaged, and damaged shards are not skipped; or all are.
        """
        for shard in self.content.shards:
            self._tensors(shard)

    # -- batches -------------------------------------------------------------------------------

    def next(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        taken: list[dict[str, Tensor]] = []
        missing = n
        while missing:
            tensors = self._current()
            index = self._order[self._at : self._at + missing]
            taken.append({site: x[index].float() for site, x in tensors.items()})
            self._at += len(index)
            missing -= len(index)
        self._seen += n
        return _joined(taken)

    def sample(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        taken: list[dict[str, Tensor]] = []
        for shard in self.content.shards:  # every shard is a random share of all rows
            if tensors := self._tensors(shard):
                taken.append({site: x[:n].float() for site, x in tensors.items()})
                n -= min(n, shard.rows)
            if not n:
                break
        return _joined(taken)

    def state(self) -> dict[str, Tensor]:
        return numbers(
            seed=self._seed,
            epoch=self._epoch,
            shard=self._shard,
            at=self._at,
            tokens_seen=self._seen,
        )

    def restore(self, state: dict[str, Tensor]) -> None:
        check_state(state, {"seed", "epoch", "shard", "at", "tokens_seen"})
        self._seed, self._epoch = int(state["seed"]), int(state["epoch"])
        self._begin_epoch()
        self._shard, self._at = int(state["shard"]), int(state["at"])
        self._seen = int(state["tokens_seen"])
        if self._shard > len(self._shards):
            raise MicrotomeError(
                f"the data state stands at shard {self._shard} of {len(self._shards)} of store "
                f"{self.path}; resume with the store of the interrupted run"
            )
        self._begin_shard()

    # -- shards --------------------------------------------------------------------------------

    def _begin_epoch(self) -> None:
        generator = seeded(self._seed, self._epoch)
        self._shards = torch.randperm(len(self.content.shards), generator=generator).tolist()
        self._shard, self._at = 0, 0
        self._begin_shard()

    def _begin_shard(self) -> None:
        """This rank's rows of the current shard, in the order of this epoch."""
        if self._shard < len(self._shards):
            number = self._shards[self._shard]
            generator = seeded(self._seed, self._epoch, number)
            order = torch.randperm(self.content.shards[number].rows, generator=generator)
            self._order = order[self._rank :: self._world]

    def _current(self) -> dict[str, Tensor]:
        """The tensors of the first shard from here on that has rows left."""
        for _ in range(2 * len(self._shards) + 2):
            if self._shard == len(self._shards):
                self._epoch += 1
                self._begin_epoch()
            if self._at < len(self._order):
                tensors = self._tensors(self.content.shards[self._shards[self._shard]])
                if tensors:
                    return tensors
            self._shard, self._at = self._shard + 1, 0
            self._begin_shard()
        raise MicrotomeError(
            f"store {self.path} has no row for process {self._rank} of {self._world}; use fewer "
            f"processes"
        )

    def _tensors(self, shard: Shard) -> dict[str, Tensor]:
        """A shard's rows by site, memory-mapped; none where it is damaged and may be skipped."""
        if shard.file in self.skipped:
            return {}
        if self._open and self._open[0] == shard.file:
            return self._open[1]
        path = self.path / shard.file
        try:
            if shard.file not in self._checked and checksum(path) != shard.sha256:
                raise MicrotomeError("its checksum has changed")
            sizes = {"row": shard.rows}
            file = TensorFile(path)
            tensors: dict[str, Tensor] = {}
            for site, width in zip(self.content.sites, self.content.widths, strict=True):
                tensors[site] = file.take(site, f"row {site}", sizes | {site: width})
        except (MicrotomeError, OSError) as error:
            self._corrupt(shard, str(error))
            return {}
        self._checked.add(shard.file)
        self._open = (shard.file, tensors)
        return tensors

    def _check_size(self, shard: Shard) -> None:
        file = self.path / shard.file
        actual = file.stat().st_size if file.is_file() else 0
        expected = self.manifest.files.get(shard.file)
        if actual != expected:
            self._corrupt(shard, f"it has {actual} bytes of {expected}")

    def _corrupt(self, shard: Shard, reason: str) -> None:
        left = len(self.content.shards) - len(self.skipped) - 1
        message = f"shard {shard.file} of store {self.path} is damaged ({reason})"
        if not left:
            raise MicrotomeError(
                f"{message}, and it is the last one; remove the folder and make the store again"
            )
        if not self._skip_corrupt:
            raise MicrotomeError(
                f"{message}; remove the folder and make the store again, or set skip_corrupt to "
                f"use what is left ({left} of {len(self.content.shards)} shards)"
            )
        self.skipped.append(shard.file)
        warnings.warn(f"{message}; going on with the other {left}", stacklevel=2)


def _joined(taken: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    if len(taken) == 1:
        return taken[0]
    return {site: torch.cat([rows[site] for rows in taken]) for site in taken[0]}


def _content(path: Path, manifest: Manifest) -> StoreContent:
    try:
        content = StoreContent.model_validate(manifest.content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in ("content", *first["loc"]))
        raise MicrotomeError(f"{path}/manifest.json: field {field!r}: {first['msg']}") from error
    if len(content.widths) != len(content.sites):
        raise MicrotomeError(
            f"{path}/manifest.json: content.widths and sites have different lengths; make the "
            f"store again"
        )
    return content
