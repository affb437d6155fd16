"""The mesh under torchrun: data ranks by feature ranks, with explicit collectives."""

import os
from collections.abc import Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor
from torch._C._distributed_c10d import PrefixStore, TCPStore
from torch.autograd import Function
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard

from microtome.errors import MicrotomeError
from microtome.training.mesh import ALONE, Mesh
from microtome.training.normalise import Scale

_TIMEOUT = timedelta(hours=1)
"""Of a collective: one process may harvest into memory or a store while the others wait."""


def open_mesh(feature_parallel: int, device: str = "cpu") -> Mesh:
    """The mesh of this process: alone, or one of those that torchrun started.

    Raises:
        MicrotomeError: the number of processes is not a multiple of `feature_parallel`.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world % feature_parallel:
        raise MicrotomeError(
            f"feature_parallel = {feature_parallel} does not divide the {world} processes; start "
            f"them with torchrun --nproc-per-node {feature_parallel} (or a multiple)"
        )
    if world == 1:
        return ALONE
    if not dist.is_initialized():
        backend = "nccl" if device.startswith("cuda") else "gloo"
        if backend == "nccl":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        _join(backend)
    return DistributedMesh(feature_parallel, device)


def _join(backend: str) -> None:
    """Join the group of all processes.

    torchrun may keep its store over a restart, and with it the addresses of the processes that
    died; a name for each attempt keeps the new ones from calling them.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        dist.init_process_group(backend, timeout=_TIMEOUT)
        return
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(address, port, is_master=False, timeout=_TIMEOUT)
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    dist.init_process_group(
        backend,
        store=PrefixStore(f"microtome/attempt-{attempt}", store),
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        timeout=_TIMEOUT,
    )


def close_mesh(mesh: Mesh) -> None:
    if not mesh.alone and dist.is_initialized():
        dist.destroy_process_group()


class _Sum(Function):
    """Sum over a group; every rank's part has the gradient of the sum."""

    @staticmethod
    def forward(ctx, x, group):
        total = x.contiguous().clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx, *grads):
        return grads[0], None


class DistributedMesh(Mesh):
    """A process among others. Ranks of one row share data and split the features; ranks of one
    column share features and split the data."""

    def __init__(self, feature_parallel: int, device: str = "cpu"):
        world = dist.get_world_size()
        kind = "cuda" if device.startswith("cuda") else "cpu"
        shape = (world // feature_parallel, feature_parallel)
        self.grid = init_device_mesh(kind, shape, mesh_dim_names=("data", "feature"))
        self.data_size, self.feature_size = shape
        self.data_rank = self.grid.get_local_rank("data")
        self.feature_rank = self.grid.get_local_rank("feature")
        self._data, self._feature = self.grid.get_group("data"), self.grid.get_group("feature")
        self._kind = kind

    def shard(self, features: int) -> slice:
        if features % self.feature_size:
            raise MicrotomeError(
                f"{features} features cannot be split evenly over feature_parallel = "
                f"{self.feature_size}; choose a multiple"
            )
        size = features // self.feature_size
        return slice(self.feature_rank * size, (self.feature_rank + 1) * size)

    def sum_features(self, x: Tensor) -> Tensor:
        total = _Sum.apply(x, self._feature)
        assert isinstance(total, Tensor)
        return total

    def gather_features(self, x: Float[Tensor, "..."]) -> list[Tensor]:
        parts = [torch.empty_like(x) for _ in range(self.feature_size)]
        dist.all_gather(parts, x.contiguous(), group=self._feature)
        return parts

    def gather_all(self, x: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
        count = torch.tensor([len(x)], device=x.device)
        counts = [torch.empty_like(count) for _ in range(dist.get_world_size())]
        dist.all_gather(counts, count)
        sizes = [int(c) for c in counts]
        padded = x.new_zeros(max(sizes))
        padded[: len(x)] = x
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:n] for part, n in zip(parts, sizes, strict=True)])

    def mean_gradients(self, parameters: Sequence[Tensor]) -> None:
        if self.data_size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad, group=self._data)
            parameter.grad /= self.data_size

    def any_data(self, x: Tensor) -> Tensor:
        flags = x.to(torch.uint8)
        dist.all_reduce(flags, op=dist.ReduceOp.MAX, group=self._data)
        return flags.bool()

    def mean_data(self, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total, group=self._data)
        return total / self.data_size

    def copy_data(self, x: Tensor) -> None:
        dist.broadcast(x, src=dist.get_global_rank(self._data, 0), group=self._data)

    def broadcast_features(
        self, batch: dict[str, Tensor] | None, sites: tuple[str, ...]
    ) -> dict[str, Tensor]:
        if self.feature_size == 1:
            assert batch is not None
            return batch
        source = dist.get_global_rank(self._feature, 0)
        shapes: list = [None if batch is None else [tuple(batch[s].shape) for s in sites]]
        dist.broadcast_object_list(shapes, src=source, group=self._feature)
        received = {}
        for site, shape in zip(sites, shapes[0], strict=True):
            x = torch.empty(shape, device=self._kind) if batch is None else batch[site].contiguous()
            x = x.to(self._kind)
            dist.broadcast(x, src=source, group=self._feature)
            received[site] = x
        return received

    def same_scales(self, scales: dict[str, Scale]) -> dict[str, Scale]:
        found: list = [scales]
        dist.broadcast_object_list(found, src=0)
        return found[0]

    def any_rank(self, flag: bool) -> bool:
        x = torch.tensor(int(flag), device=self._kind)
        dist.all_reduce(x, op=dist.ReduceOp.MAX)
        return bool(x)

    def sharded(self, local: Shaped[Tensor, "features ..."]) -> Tensor:
        return DTensor.from_local(local, self.grid, [Replicate(), Shard(0)], run_check=False)

    def barrier(self) -> None:
        dist.barrier()

    @property
    def alone(self) -> bool:
        return False

    @property
    def first(self) -> bool:
        return dist.get_rank() == 0
