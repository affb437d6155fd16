"""Sums per document: the additive form of every figure, so that parts of a run can be merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError


@dataclass(frozen=True)
class DocumentSums:
    """Float64 sums of named per-token quantities, one row per document.

    Every figure is a function of the sums over all documents; its interval comes from the same
    function of resampled documents.
    """

    names: tuple[str, ...]
    documents: Int[Tensor, " documents"]
    """Ids, rising; a document that several parts have seen is one row after merging."""
    values: Float[Tensor, "documents names"]

    @staticmethod
    def of(
        documents: Int[Tensor, " tokens"], columns: Mapping[str, Tensor], site: str = ""
    ) -> "DocumentSums":
        """Sum per-token columns by document.

        Raises:
            MicrotomeError: a value is NaN or infinite; it would be hidden in a mean.
        """
        names = tuple(columns)
        for name, column in columns.items():
            if not bool(torch.isfinite(column).all()):
                where = f" at {site}" if site else ""
                raise MicrotomeError(
                    f"{name}{where} is not finite on {int((~torch.isfinite(column)).sum())} of "
                    f"{len(column)} tokens; check the model and the dictionary, or load in float32"
                )
        ids, rows = torch.unique(documents.cpu(), return_inverse=True)
        values = torch.zeros(len(ids), len(names), dtype=torch.float64)
        for i, name in enumerate(names):
            values[:, i].index_add_(0, rows, columns[name].detach().to("cpu", torch.float64))
        return DocumentSums(names, ids, values)

    @staticmethod
    def merged(parts: Iterable["DocumentSums"]) -> "DocumentSums":
        """The sums of several parts of a run (blocks, or ranks) together."""
        parts = list(parts)
        ids, rows = torch.unique(torch.cat([p.documents for p in parts]), return_inverse=True)
        values = torch.zeros(len(ids), len(parts[0].names), dtype=torch.float64)
        values.index_add_(0, rows, torch.cat([p.values for p in parts]))
        return DocumentSums(parts[0].names, ids, values)

    def total(self) -> dict[str, Float[Tensor, ""]]:
        """Sums over all documents, by name."""
        return dict(zip(self.names, self.values.sum(0), strict=True))

    def select(self, names: Iterable[str]) -> "DocumentSums":
        """Some of the columns."""
        names = tuple(names)
        at = [self.names.index(name) for name in names]
        return DocumentSums(names, self.documents, self.values[:, at])

    def beside(self, other: "DocumentSums", prefix: str) -> "DocumentSums":
        """Columns of both for the same documents; the other's names get a prefix.

        Raises:
            MicrotomeError: the two have seen different documents.
        """
        if not torch.equal(self.documents, other.documents):
            raise MicrotomeError("figures of different documents cannot be compared in pairs")
        names = (*self.names, *(prefix + name for name in other.names))
        return DocumentSums(names, self.documents, torch.cat([self.values, other.values], 1))
