"""Compiled circuits: programs over tokens as transformers whose mechanism is known.

How it flows: `program` (a DAG of named categorical variables) -> `schedule` (which head or MLP of
which layer computes which) -> `space` (codes of as few dimensions as leave all margins; `codes`,
and `scores` for what heads select) -> `weights` (an exact float64 transformer; `neurons` are its
MLPs, `exact` runs it) -> `writer`, `gpt2`, `llama` (rotated by a `basis`, with `norms`, a float32
model of transformers) -> `ground_truth` and `save`. `interpret` runs the program apart from any
weights, and `check` compares: answers, variables in the stream, interventions.
"""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.specimen.compiled.check import (
        Swap,
        SwapReport,
        compare_swaps,
        forced_values,
        misread,
        output_tokens,
        read_values,
        swap_values,
        wrong_texts,
    )
    from microtome.specimen.compiled.compile import Compiled, compile_program
    from microtome.specimen.compiled.ground_truth import circuit, ground_truth
    from microtome.specimen.compiled.inputs import Inputs, as_inputs, sample_inputs, short_inputs
    from microtome.specimen.compiled.interpret import Values, run_program
    from microtome.specimen.compiled.program import Aggregate, Map, Program, Text, Width
    from microtome.specimen.compiled.programs import PROGRAMS, find_program
    from microtome.specimen.compiled.save import build_specimen, save_compiled

__all__ = [
    "PROGRAMS",
    "Aggregate",
    "Compiled",
    "Inputs",
    "Map",
    "Program",
    "Swap",
    "SwapReport",
    "Text",
    "Values",
    "Width",
    "as_inputs",
    "build_specimen",
    "circuit",
    "compare_swaps",
    "compile_program",
    "find_program",
    "forced_values",
    "ground_truth",
    "misread",
    "output_tokens",
    "read_values",
    "run_program",
    "sample_inputs",
    "save_compiled",
    "short_inputs",
    "swap_values",
    "wrong_texts",
]

lazy_face(
    __name__,
    {
        "check": "Swap SwapReport compare_swaps forced_values misread output_tokens read_values "
        "swap_values wrong_texts",
        "compile": "Compiled compile_program",
        "ground_truth": "circuit ground_truth",
        "inputs": "Inputs as_inputs sample_inputs short_inputs",
        "interpret": "Values run_program",
        "program": "Aggregate Map Program Text Width",
        "programs": "PROGRAMS find_program",
        "save": "build_specimen save_compiled",
    },
)
