"""Sites: the named places in a model where activations are read and written."""

import re
from dataclasses import dataclass

from microtome.errors import MicrotomeError

KINDS = (
    "resid.pre",
    "attn.pattern",
    "attn.head.out",
    "attn.out",
    "resid.mid",
    "mlp.normalized",
    "mlp.in",
    "mlp.out",
    "resid.post",
)
"""Sites of a block, in the order in which a forward pass reaches them.

`mlp.out` and `attn.out` are what is added to the residual stream, so they lie behind the post
norm in families that have one. `mlp.normalized` is the MLP's input before the weight (and bias)
of the norm is applied; `mlp.in` is what the MLP reads.
"""

MODEL_KINDS = ("embed", "final")
"""`embed` is the residual stream that enters block 0; `final` is what the unembedding reads."""

_ALIASES = {
    "hook_resid_pre": "resid.pre",
    "hook_resid_mid": "resid.mid",
    "hook_resid_post": "resid.post",
    "hook_mlp_in": "resid.mid",
    "hook_mlp_out": "mlp.out",
    "hook_attn_out": "attn.out",
    "attn.hook_z": "attn.head.out",
    "attn.hook_pattern": "attn.pattern",
    "ln2.hook_normalized": "mlp.normalized",
    "mlp.hook_in": "mlp.in",
    "mlp.hook_out": "mlp.out",
}
"""TransformerLens names, taken without a norm folded into the weights."""

_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")


@dataclass(frozen=True)
class Site:
    """One place in a model: a kind, and a layer for kinds that every block has."""

    kind: str
    layer: int | None = None

    def __str__(self) -> str:
        return self.kind if self.layer is None else f"blocks.{self.layer}.{self.kind}"

    @staticmethod
    def parse(name: "str | Site") -> "Site":
        """Read a site's name, canonical or TransformerLens style.

        Raises:
            MicrotomeError: no such site; the message lists the names.
        """
        if isinstance(name, Site):
            return name
        if name in ("embed", "hook_embed"):
            return Site("embed")
        if name in ("final", "ln_final.hook_normalized"):
            return Site("final")
        if match := _BLOCK.fullmatch(name):
            kind = canonical_kind(match[2])
            if kind in KINDS:
                return Site(kind, int(match[1]))
        known = ", ".join([*MODEL_KINDS, *(f"blocks.L.{kind}" for kind in KINDS)])
        raise MicrotomeError(f"unknown site {name!r}; the sites are {known}")


def canonical_kind(name: str) -> str:
    """The kind behind a TransformerLens hook name without its block; other names unchanged."""
    return _ALIASES.get(name, name)
