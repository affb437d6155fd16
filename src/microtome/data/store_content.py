"""What a store of activations records: of what it is made, and of which shards."""

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

Dtype = Literal["float32", "bfloat16", "float16"]
DTYPES: dict[Dtype, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


class Shard(BaseModel):
    """One file of rows, a random share of all of them in random order."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(pattern=r"^shard-\d+\.safetensors$")
    rows: int = Field(gt=0)
    sha256: str


class StoreContent(BaseModel):
    """What the manifest of a store records besides its provenance."""

    model_config = ConfigDict(extra="forbid")

    sites: list[str] = Field(min_length=1)
    widths: list[int]
    """Of the activations at each site."""
    dtype: Dtype
    skip_first: bool
    skip_special: bool
    """The token policy: see `microtome.data.TokenPolicy`."""
    rows: int
    shards: list[Shard] = Field(min_length=1)


class Origin(BaseModel):
    """The models that rows are harvested from, and the share of one process; of rows that are of
    no model, nothing."""

    model_config = ConfigDict(extra="forbid")

    tokens_at_once: int = 0
    rank: int = 0
    world: int = 1
    model: str = ""
    """Fingerprint."""
    other: str = ""
    """Fingerprint of the second model; empty without one."""


class Plan(Origin):
    """Everything that decides what a store will hold; writing resumes only under the same plan."""

    sites: list[str]
    dtype: Dtype
    skip_first: bool
    skip_special: bool
    rows: int
    shard_rows: int
    seed: int
    corpus: str
    """Fingerprint, as far as the caller knows one."""

    @property
    def buckets(self) -> int:
        return -(-self.rows // self.shard_rows)


class Journal(BaseModel):
    """How far writing has come: all that is on disk beyond it is forgotten."""

    model_config = ConfigDict(extra="forbid")

    plan: Plan
    parts: int = 0
    """Forward passes whose rows are in the buckets."""
    rows: int = 0
    tokens: str = ""
    """Digest of the tokens that the rows belong to."""
    filled: bool = False
    widths: list[int] = []
    sizes: list[int] = []
    """Bytes of each bucket."""
    shards: dict[int, Shard] = {}
    """Those already made, by bucket."""
