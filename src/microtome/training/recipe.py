"""Recipes: everything that decides how dictionaries are trained."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["sae", "plt", "clt", "crosscoder"]
Architecture = Literal["relu", "gated", "jumprelu", "topk", "batchtopk", "matryoshka"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)

_SITES = {
    "sae": "blocks.{layer}.resid.post",
    "plt": "blocks.{layer}.mlp.in",
    "clt": "blocks.{layer}.mlp.in",
    "crosscoder": "blocks.{layer}.resid.post",
}
_NAME = re.compile(r"[\w+=-][\w.+=-]{0,99}")
_TAKEN = re.compile(
    r"step|tokens|tokens_per_second|tensorboard|metrics\.jsonl|recipe\.json|checkpoint-\d+"
    r"|data-\d+-of-\d+",
    re.IGNORECASE,
)
"""Names that something else has in the folder of a run, its metrics or its checkpoints."""


class DictionaryRecipe(BaseModel):
    """One dictionary: what it reads and writes, its architecture, its losses."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = ""
    """Folder it is saved to, under the run's; kind and architecture where empty."""
    kind: Kind = "sae"
    """SAE: writes the site it reads. PLT: each layer's features write that layer's MLP output.
    CLT: and every later layer's. Crosscoder: one set of features reads and writes all sites."""
    site: str = ""
    """Site read; {layer} stands for each of `layers`. By default the residual stream after each
    block (SAE, crosscoder) or the MLP's input (PLT, CLT)."""
    write: str = "blocks.{layer}.mlp.out"
    """Site written by a PLT or CLT."""
    layers: Literal["all"] | tuple[int, ...] = "all"
    two_models: bool = False
    """Crosscoder over the same sites of `model` and `other_model`."""
    linear_skip: bool = False
    """Add a trained linear map from each site read to the one written (PLT)."""
    features: int = Field(default=4096, ge=1)
    """Features of each encoder."""

    architecture: Architecture = "batchtopk"
    k: int = Field(default=32, ge=1)
    """Active features per token and encoder (topk); mean over the batch (batchtopk, matryoshka)."""
    sparsity: float = Field(default=1e-3, ge=0)
    """Coefficient of the sparsity penalty of relu, gated and jumprelu, per token, against a
    reconstruction loss that is 1 for predicting the mean."""
    penalty: Literal["l0", "tanh", "target_l0"] = "l0"
    """Penalty of jumprelu: the number of active features, sum of tanh(tanh_scale x activation),
    or (L0 / target_l0 - 1)^2."""
    target_l0: float = Field(default=32.0, gt=0)
    tanh_scale: float = Field(default=4.0, gt=0)
    sparsity_warmup: float = Field(default=0.05, ge=0, le=1)
    """Share of the steps over which the penalty rises linearly to its full size."""
    bandwidth: float = Field(default=0.05, gt=0)
    """Width of the straight-through window of jumprelu, in units of standardised inputs."""
    initial_l0: float = Field(default=100.0, gt=0)
    """Active features per token at which the thresholds of jumprelu (and biases of relu and gated)
    start, measured on the first batch."""
    prefixes: tuple[float, ...] = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
    """Shares of the features that reconstruct alone (matryoshka)."""

    dead: Literal["aux", "pre_activation", "none"] = "aux"
    """How dead features come back: aux-k, or the pre-activation loss."""
    dead_after: int = Field(default=10_000_000, ge=1)
    """Tokens without firing after which a feature counts as dead."""
    aux_coefficient: float = Field(default=1 / 32, ge=0)
    pre_activation_coefficient: float = Field(default=3e-6, ge=0)

    learning_rate: float = Field(default=3e-4, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data):
        if isinstance(data, dict):
            kind = data.get("kind", "sae")
            named = {"name": f"{kind}-{data.get('architecture', 'batchtopk')}"}
            data = {**named, **{k: v for k, v in data.items() if (k, v) != ("name", "")}}
            if not data.get("site"):
                data["site"] = _SITES.get(str(kind), "")
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "DictionaryRecipe":
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"a dictionary cannot be named {self.name!r}: it is saved to a folder of that "
                f"name; use up to 100 letters, digits, - and _ (and dots, but not in front)"
            )
        if _TAKEN.fullmatch(self.name):
            raise ValueError(f"the run itself has something named {self.name!r}; choose another")
        if self.layers != "all" and not _rise(self.layers):
            raise ValueError(f"layers are {list(self.layers)}; give at least one, in rising order")
        if self.architecture in ("topk", "batchtopk", "matryoshka") and self.k > self.features:
            raise ValueError(f"k = {self.k} is more than features = {self.features}")
        if self.linear_skip and self.kind != "plt":
            raise ValueError("linear_skip is for a plt")
        if self.two_models and self.kind != "crosscoder":
            raise ValueError("two_models is for a crosscoder")
        if not _rise((0.0, *self.prefixes)) or self.prefixes[-1:] != (1.0,):
            raise ValueError("prefixes must be above 0, rise and end with 1.0")
        return self


def _rise(values: Sequence[int | float]) -> bool:
    return bool(values) and all(one < other for one, other in pairwise(values))


class Recipe(BaseModel):
    """A complete run: data, schedule, and any number of dictionaries fed by one pass of data."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str = ""
    """Hub name, folder, or a specimen such as specimen:adder."""
    other_model: str = ""
    """Second model, for crosscoders with two_models."""
    corpus: str = ""
    """File, folder or hub dataset (see the guide on corpora)."""
    text_field: str = "text"
    held_out: float = Field(default=0.05, ge=0, lt=1)
    """Share of documents, by hash, kept out of training."""
    context: int = Field(default=256, ge=2)
    """Tokens of a block."""
    pack: bool = False
    """Join documents into full blocks, instead of one document a block."""
    skip_first: bool = True
    """Leave out position 0, an attention sink; kept with the dictionary, followed by metrics."""
    skip_special: bool = True
    """Leave out BOS, EOS and padding."""
    data: Literal["stream", "memory", "store"] = "stream"
    """stream: harvest while training, through a shuffle buffer. memory: harvest once, keep all
    rows. store: harvest once to disk (`store`), train from there."""
    store: str = ""
    """Folder of the activation store; made where it does not exist."""
    store_dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    skip_corrupt: bool = False
    """Train from what is left of a store with damaged shards."""
    max_tokens: int = Field(default=0, ge=0)
    """Tokens harvested (memory and store); all where 0."""
    buffer: int = Field(default=262_144, ge=2)
    """Rows of the shuffle buffer."""

    steps: int = Field(default=4000, ge=1, lt=10**9)
    batch_size: int = Field(default=4096, ge=2)
    """Tokens a step, over all processes."""
    warmup: int = Field(default=200, ge=0)
    """Steps over which the learning rate rises."""
    decay: float = Field(default=0.2, ge=0, le=1)
    """Share of the steps, at the end, over which the learning rate falls linearly to zero."""
    scale_rows: int = Field(default=65_536, ge=2)
    """Rows from which means and sizes of the sites are measured."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    kernels: Literal["auto", "reference", "cpu", "triton"] = "auto"
    feature_parallel: int = Field(default=1, ge=1)
    """Processes over which each dictionary's features are split; the rest split the data."""

    checkpoint_every: int = Field(default=1000, ge=1)
    """Steps between checkpoints."""
    report_every: int = Field(default=20, ge=1)
    """Steps between lines of metrics."""
    tensorboard: bool = True
    wandb: str = ""
    """Weights & Biases project to log to; nothing is sent where empty."""

    dictionary: Annotated[tuple[DictionaryRecipe, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        # some file systems tell no capitals from small letters
        names = [d.name.lower() for d in self.dictionary]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two dictionaries are named {twice[0]!r}; give each a name")
        if any(d.two_models for d in self.dictionary) and not self.other_model:
            raise ValueError("two_models needs other_model")
        if self.data == "store" and not self.store:
            raise ValueError("data = 'store' needs store, a folder")
        if self.data == "store" and not self.max_tokens:
            raise ValueError("data = 'store' needs max_tokens, the rows to keep")
        return self
