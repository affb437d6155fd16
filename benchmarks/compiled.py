"""Compiled circuits: does every model compute what its program says?

    python benchmarks/compiled.py [--random 10000] [--swaps 100]

For each of the six programs, with norms that act, without, and as Llama with norms: all texts of
small length and 10,000 random ones that are longer (of `carry`, whose texts have one length, all of
them, and 10,000 draws again), read whole by the float32 model; every variable read from the stream
on 500 texts, with the directions of the truth; and random swaps of every variable in 100 texts,
against the interpreter. The last line is one JSON object: exact (nothing is wrong anywhere), inputs
(texts that were read), programs, norms_off and llama: by program inputs, wrong (texts), d_model,
subspaces (dimensions with one for every value), norms, layers, heads, min_margin (smallest margin,
in multiples of the one needed), misread (tokens with another value in the stream), swaps and
swaps_wrong.
"""

import argparse
import json
import sys

import torch
from rich.console import Console
from rich.table import Table

from microtome.specimen.compiled import (
    PROGRAMS,
    Compiled,
    compare_swaps,
    compile_program,
    misread,
    sample_inputs,
    short_inputs,
    wrong_texts,
)


def measure(compiled: Compiled, n_random: int, n_swaps: int) -> dict[str, int | float | bool]:
    program = compiled.program
    sets = short_inputs(program), sample_inputs(program, n_random, seed=0)
    swaps = compare_swaps(compiled, sample_inputs(program, n_swaps, seed=2))
    return {
        "inputs": sum(len(inputs) for inputs in sets),
        "wrong": sum(int(wrong_texts(compiled, inputs).sum()) for inputs in sets),
        "d_model": compiled.d_model,
        "subspaces": compiled.space.subspaces,
        "norms": bool(compiled.config["norms"]),
        "layers": compiled.schedule.layers,
        "heads": compiled.schedule.heads,
        "min_margin": round(compiled.min_margin, 3),
        "misread": sum(misread(compiled, sample_inputs(program, 500, seed=1)).values()),
        "swaps": swaps.compared,
        "swaps_wrong": swaps.wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=10_000)
    parser.add_argument("--swaps", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kinds = {"programs": {}, "norms_off": {"norms": False}, "llama": {"family": "llama"}}
    found = {
        kind: {
            name: measure(compile_program(name, **options), arguments.random, arguments.swaps)
            for name in PROGRAMS
        }
        for kind, options in kinds.items()
    }
    table = Table(box=None, header_style="dim", pad_edge=False)
    rows = [(kind, name, row) for kind, rows in found.items() for name, row in rows.items()]
    table.add_column("")
    table.add_column("program")
    for column in rows[0][2]:
        table.add_column(column.replace("_", "\n"), justify="right", vertical="bottom")
    for kind, name, row in rows:
        table.add_row(kind, name, *(f"{x:,}" if type(x) is int else str(x) for x in row.values()))
    Console(width=100, file=sys.stdout).print(table)
    faults = sum(row["wrong"] + row["misread"] + row["swaps_wrong"] for *_, row in rows)
    inputs = sum(row["inputs"] for *_, row in rows)
    print(json.dumps({"exact": faults == 0, "inputs": inputs, **found}))


if __name__ == "__main__":
    main()
