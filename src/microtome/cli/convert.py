"""microtome convert: a dictionary in another tool's format."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("convert")(convert)


def convert(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="A folder or hub name, in any format that is read."),
    ],
    out: Annotated[Path, typer.Argument(metavar="DST", help="The folder to make.")],
    to: Annotated[
        str,
        typer.Option(
            help="saelens, sparsify, dictionary_learning, circuit-tracer, gemma-scope, "
            "gemma-scope-2 or microtome."
        ),
    ],
    reads: Annotated[
        str | None, typer.Option(help="Sites read, where SRC does not say: blocks.{layer}.mlp.in.")
    ] = None,
    writes: Annotated[str | None, typer.Option(help="Sites written, likewise.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Of the weight matrices: float32, float16 or bfloat16.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a dictionary of the same format.")
    ] = False,
) -> None:
    """Write a dictionary in another format; what the format cannot hold is refused by name."""
    from microtome.dictionary.formats import check_destination, read_dtype, save_as
    from microtome.specimen import load_dictionary

    written = read_dtype(dtype)
    check_destination(out, to, force)
    dictionary = load_dictionary(source, reads, writes)
    save_as(dictionary, out, to, force, written)
    sites, features = len(dictionary.reads), sum(dictionary.n_features)
    many = "s" if sites > 1 else ""
    typer.echo(f"{out}: {dictionary.kind} in {to} format, {sites} site{many}, {features} features")
