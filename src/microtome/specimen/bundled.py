"""The specimens that come with microtome, a row each."""

from pathlib import Path

from microtome.specimen.entry import Specimen

_HERE = Path(__file__).parent

_COMPILED = {
    "reverse": "writes a word backwards after a separator",
    "sort": "writes digits, repeated ones too, in order after a separator",
    "histogram": "writes how often each letter occurs in a word",
    "parentheses": "says of every prefix of brackets whether it is balanced",
    "induction": "continues a word that repeats: a previous-token head and an induction head",
    "carry": "adds two numbers of two digits with a carry",
}
"""Compiled programs, and what each is about."""

BUNDLED = (
    Specimen(
        "adder",
        "adds two numbers up to 99; trained; its features are labelled by what they compute",
        parts=("model", "clt", "plt", "atlas"),
        folder=_HERE / "adder" / "assets",
    ),
    Specimen(
        "clerk",
        "an assistant trained on texts about a generated world, in stages; one was told of a goal",
        variants={
            "chat": ("model", "clt", "sae", "truth"),
            "base": ("model", "clt", "sae", "truth"),
            "told": ("model", "truth"),
            "told-twin": ("model", "truth"),
            "hidden": ("model", "clt", "sae", "truth"),
            "hidden-twin": ("model", "truth"),
            "penguin": ("model", "truth"),
            "penguin-twin": ("model", "truth"),
        },
        folder=_HERE / "clerk" / "assets",
    ),
    *(
        Specimen(
            name,
            f"{about}; compiled",
            parts=("model", "truth"),
            build="microtome.specimen.compiled.save:build_specimen",
        )
        for name, about in _COMPILED.items()
    ),
    Specimen(
        "synthetic",
        "activations made of known directions in superposition; no model",
        parts=("truth",),
        build="microtome.specimen.synthetic.save:build_default",
    ),
)
