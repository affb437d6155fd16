"""Processes that train together: a grid of data ranks by feature ranks."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from microtome.training.normalise import Scale


class Mesh:
    """One process alone: every reduction is the identity.

    The explicit collectives of the hot path are methods, so that the trainer reads the same with
    one process and with many.
    """

    data_rank, data_size = 0, 1
    feature_rank, feature_size = 0, 1

    def shard(self, features: int) -> slice:
        """This process's part of a feature axis."""
        return slice(0, features)

    def sum_features(self, x: Tensor) -> Tensor:
        """Sum over feature ranks; the gradient passes unchanged to every rank."""
        return x

    def gather_features(self, x: Float[Tensor, "..."]) -> list[Tensor]:
        """The tensors (of one shape) of every feature rank."""
        return [x]

    def gather_all(self, x: Float[Tensor, " n"]) -> Float[Tensor, " m"]:
        """Values of every process, whatever their number on each."""
        return x

    def mean_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Average gradients over data ranks, in place."""

    def any_data(self, x: Tensor) -> Tensor:
        """Elementwise or over data ranks."""
        return x

    def mean_data(self, x: Tensor) -> Tensor:
        return x

    def copy_data(self, x: Tensor) -> None:
        """Replace a tensor, in place, by that of the first data rank."""

    def broadcast_features(
        self, batch: dict[str, Tensor] | None, sites: tuple[str, ...]
    ) -> dict[str, Tensor]:
        """The batch of the first feature rank, on all feature ranks of the same data."""
        assert batch is not None
        return batch

    def same_scales(self, scales: dict[str, Scale]) -> dict[str, Scale]:
        """The scales of the first process, on all."""
        return scales

    def any_rank(self, flag: bool) -> bool:
        """Whether the flag is set on any process."""
        return flag

    def sharded(self, local: Shaped[Tensor, "features ..."]) -> Tensor:
        """One tensor over all feature ranks, of which this process holds a part; checkpoints put
        the parts together."""
        return local

    def whole(self, local: Float[Tensor, "features ..."]) -> Tensor:
        """The parts of all feature ranks, one after the other."""
        return torch.cat(self.gather_features(local)) if self.feature_size > 1 else local

    def barrier(self) -> None:
        pass

    @property
    def alone(self) -> bool:
        return True

    @property
    def first(self) -> bool:
        """Whether this process writes what only one may write."""
        return True


ALONE = Mesh()
