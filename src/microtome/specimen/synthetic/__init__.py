"""Synthetic activations: known directions in superposition."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.specimen.synthetic.options import SyntheticOptions, make_options
    from microtome.specimen.synthetic.save import save_synthetic, synthetic_truth
    from microtome.specimen.synthetic.source import SyntheticSource
    from microtome.specimen.synthetic.stream import SyntheticBlock, SyntheticStream
    from microtome.specimen.synthetic.world import SyntheticWorld, make_world

__all__ = [
    "SyntheticBlock",
    "SyntheticOptions",
    "SyntheticSource",
    "SyntheticStream",
    "SyntheticWorld",
    "make_options",
    "make_world",
    "save_synthetic",
    "synthetic_truth",
]

lazy_face(
    __name__,
    {
        "options": "SyntheticOptions make_options",
        "save": "save_synthetic synthetic_truth",
        "source": "SyntheticSource",
        "stream": "SyntheticBlock SyntheticStream",
        "world": "SyntheticWorld make_world",
    },
)
