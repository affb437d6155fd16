"""The specimens that come with microtome, a row each."""

from pathlib import Path

from microtome.specimen.entry import Specimen

_HERE = Path(__file__).parent

BUNDLED = (
    Specimen(
        "adder",
        "adds two numbers up to 99; trained; its features are labelled by what they compute",
        parts=("model", "clt", "plt", "atlas"),
        folder=_HERE / "adder" / "assets",
    ),
    Specimen(
        "synthetic",
        "activations made of known directions in superposition; no model",
        parts=("truth",),
        build="microtome.specimen.synthetic.save:build_default",
    ),
)
