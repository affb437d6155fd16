"""Recipes: everything that decides how a dictionary is trained."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from microtome.errors import MicrotomeError


class Recipe(BaseModel):
    """A complete training configuration; kept in the manifest of what it made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["plt", "clt"] = "plt"
    """PLT: each layer's features write to that layer. CLT: to that layer and every later one."""
    linear_skip: bool = False
    """Add a trained linear map from each MLP's input to its output (PLT only)."""
    features: int = Field(default=1024, ge=1)
    """Features of each layer."""
    activation: Literal["topk", "batchtopk"] = "batchtopk"
    k: int = Field(default=16, ge=1)
    """Active features per token and layer; with batchtopk the mean over the batch."""
    steps: int = Field(default=4000, ge=1)
    batch_size: int = Field(default=1024, ge=2)
    """Tokens a step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    warmup: int = Field(default=200, ge=0)
    decay: float = Field(default=0.3, ge=0, le=1)
    """Share of the steps, at the end, over which the learning rate falls linearly to zero."""
    aux_coefficient: float = Field(default=1 / 32, ge=0)
    """Weight of the loss by which dead features reconstruct the residual (Gao et al. 2024)."""
    dead_after: int = Field(default=200_000, ge=1)
    """Tokens without firing after which a feature counts as dead."""
    max_tokens: int = Field(default=1_000_000, ge=1)
    """Tokens harvested into memory."""
    context: int = Field(default=256, ge=2)
    """Tokens of a document that are used."""
    seed: int = 0

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        if self.k > self.features:
            raise ValueError(f"k = {self.k} is more than features = {self.features}")
        if self.linear_skip and self.kind == "clt":
            raise ValueError("linear_skip is for a plt")
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises:
        MicrotomeError: missing or malformed file, unknown key, value out of range.
    """
    if not path.is_file():
        raise MicrotomeError(f"recipe {path} does not exist")
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise MicrotomeError(f"recipe {path} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "recipe"
        known = ", ".join(Recipe.model_fields)
        raise MicrotomeError(f"recipe {path}: {field}: {first['msg']} (keys: {known})") from error
