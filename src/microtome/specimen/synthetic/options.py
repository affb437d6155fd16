"""What synthetic activations are to be like."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from microtome.artifact.json_file import wrong_field
from microtome.errors import MicrotomeError
from microtome.specimen.registry import nearest
from microtome.training.load import toml_value

_SURE = 0.9
"""A child more certain than this to fire with its parent can hardly be told from it."""


class SyntheticOptions(BaseModel):
    """Everything that decides a synthetic world; the same options give the same directions."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    d: int = Field(default=128, ge=2, le=16_384)
    """Dimensions of an activation."""
    directions: int = Field(default=512, ge=1, le=1 << 20)
    """Known directions; more than `d` lie in superposition."""
    active: float = Field(default=8.0, gt=0)
    """Directions active on a token, on average."""
    exponent: float = Field(default=0.5, ge=0, le=3)
    """How often direction i is active falls as (i + 1) to the minus this."""
    sizes: Literal["uniform", "lognormal"] = "uniform"
    """How large an active direction is."""
    size_low: float = Field(default=0.5, gt=0, le=1e3)
    """Least uniform size."""
    size_high: float = Field(default=1.5, gt=0, le=1e3)
    """Largest uniform size."""
    size_median: float = Field(default=1.0, gt=0, le=1e3)
    """Median of lognormal sizes."""
    size_spread: float = Field(default=0.5, ge=0, le=3)
    """Standard deviation of the logarithm of lognormal sizes."""
    tree_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the directions that stand in trees, where a child fires only where its parent
    does."""
    tree_depth: int = Field(default=2, ge=2, le=8)
    """Levels of a tree, the root's among them."""
    tree_branching: int = Field(default=3, ge=1, le=64)
    """Children of each parent."""
    group_size: int = Field(default=1, ge=1, le=1024)
    """Directions without a parent that fire together more often than chance; 1 for none."""
    correlation: float = Field(default=0.0, ge=0, le=1)
    """Inside a group, of the Gaussian variables behind the firing (tetrachoric correlation)."""
    anisotropy: float = Field(default=0.0, ge=0, le=3)
    """Eigenvalue k of the covariance of the directions falls as k to the minus this."""
    noise: float = Field(default=0.05, ge=0, le=10)
    """Root mean square of the noise over that of the signal; the noise is isotropic."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Of the world: directions, trees and groups."""

    @property
    def tree_size(self) -> int:
        """Directions of one tree."""
        return sum(self.tree_branching**level for level in range(self.tree_depth))

    @property
    def trees(self) -> int:
        """As many whole trees as the share has room for."""
        return int(self.tree_share * self.directions) // self.tree_size

    @property
    def _surest_child(self) -> float:
        """Largest probability of a child where its parent is active, from places in the order of
        frequency, where a level follows the one above: the last parent's first child has it."""
        above, most = 1, 0.0
        for level in range(self.tree_depth - 1):
            most = max(most, above / (above + self.tree_branching**level))
            above += self.tree_branching ** (level + 1)
        return most**self.exponent

    @model_validator(mode="after")
    def _consistent(self) -> "SyntheticOptions":
        top = self.active / sum((i + 1) ** -self.exponent for i in range(self.directions))
        if top > 1:
            raise ValueError(
                f"active = {self.active:g} of {self.directions} directions with exponent "
                f"{self.exponent:g} needs the first one on {top:.2f} of the tokens; lower active "
                f"or exponent, or take more directions"
            )
        if self.sizes == "uniform" and self.size_low > self.size_high:
            raise ValueError(f"size_low = {self.size_low:g} is above size_high {self.size_high:g}")
        if self.tree_share and not self.trees:
            raise ValueError(
                f"tree_share = {self.tree_share:g} of {self.directions} directions has no room "
                f"for a tree of {self.tree_size}; raise it, or lower tree_depth or tree_branching"
            )
        if self.trees and self._surest_child > _SURE:
            raise ValueError(
                f"with exponent = {self.exponent:g} a child fires on {self._surest_child:.0%} of "
                f"its parent's tokens and can hardly be told from it; raise exponent"
            )
        if self.correlation and self.group_size == 1:
            raise ValueError("correlation needs groups; set group_size to 2 or more")
        return self


def read_options(
    settings: Sequence[str], given: Mapping[str, Any] | None = None
) -> SyntheticOptions:
    """Options from `key=value` settings, the value in TOML (text may stand without quotes).

    Args:
        settings: such as `directions=1024`.
        given: values by name, which settings go before.

    Raises:
        MicrotomeError: no setting, unknown key (names the nearest), or a value out of range.
    """
    values = dict(given or {})
    for setting in settings:
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not equals or not key:
            raise MicrotomeError(f"--set {setting}: expected key=value")
        if key not in SyntheticOptions.model_fields:
            known = nearest(key, SyntheticOptions.model_fields)
            raise MicrotomeError(f"--set {setting}: unknown key; {known}")
        values[key] = toml_value(text)
    return make_options(values)


def make_options(values: Mapping[str, Any]) -> SyntheticOptions:
    """Options from their values by name.

    Raises:
        MicrotomeError: one out of range; names it.
    """
    try:
        return SyntheticOptions.model_validate(dict(values))
    except ValidationError as error:
        raise MicrotomeError(f"synthetic activations: {wrong_field(error)}") from error
