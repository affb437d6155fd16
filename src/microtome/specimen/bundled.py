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
