"""microtome grid: operand plots of features over two slots of a prompt."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError

_ENDINGS = (".json", ".png")


def register(app: typer.Typer) -> None:
    app.command("grid")(grid)


def grid(
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    dictionary: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    features: Annotated[str, typer.Argument(help="One or several: L2/914,L1/3.")],
    template: Annotated[str, typer.Argument(help='A prompt with two slots: "{a} + {b} =".')],
    a: Annotated[str, typer.Option("--a", help="Values of {a}: 0-99, 0-90:10, or words.")],
    b: Annotated[str, typer.Option("--b", help="Values of {b}: France,Spain.")],
    position: Annotated[
        str, typer.Option("--position", "-p", help="a, b, last, a number, or strongest.")
    ] = "strongest",
    threshold: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the largest activation that counts as active."),
    ] = 0.5,
    out: Annotated[
        list[Path] | None, typer.Option("--out", "-o", help="Save here: .json or .png.")
    ] = None,
    atlas: Annotated[
        str | None, typer.Option("--atlas", "-A", help="An atlas with labels of the features.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Plot features over all values of two slots, and say what pattern they have."""
    import json as writer

    from microtome.artifact.whole import whole_file
    from microtome.cli.both import load_both
    from microtome.cli.console import stdout
    from microtome.cli.features import feature_labels, parse_features
    from microtome.cli.progress import progress_bar
    from microtome.grid.draw import draw_grids
    from microtome.grid.grids import feature_grids
    from microtome.grid.patterns import recognise
    from microtome.grid.show import grid_document, show_grid
    from microtome.grid.slots import Slot, Template, parse_values

    _check_out(out or [], force)
    read_template = Template(template)
    slots = Slot("a", parse_values(a)), Slot("b", parse_values(b))
    loaded, read = load_both(model, dictionary, device, quiet=json)
    named = parse_features(read, features)
    label = feature_labels(atlas, read)
    with progress_bar("grid", quiet=json) as progress:
        grids = feature_grids(loaded, read, named, read_template, *slots, position, progress)
    found = [recognise(g.values, *slots, threshold) for g in grids]
    labels = [label(*feature) for feature in named]
    rows = [grid_document(*row) for row in zip(grids, found, labels, strict=True)]
    document = {"model": loaded.name, "dictionary": read.name, "template": template, "grids": rows}
    for path in out or []:
        if path.suffix == ".png":
            whole_file(path, draw_grids(grids, found, labels))
        else:
            whole_file(path, writer.dumps(document, ensure_ascii=False))
    if json:
        typer.echo(writer.dumps(document, ensure_ascii=False))
        return
    for number, row in enumerate(zip(grids, found, labels, strict=True)):
        if number:
            typer.echo()
        show_grid(*row, stdout())
    for path in out or []:
        typer.echo(f"Saved to {path}")


def _check_out(paths: list[Path], force: bool) -> None:
    """Refuse files that cannot be written before anything runs."""
    for path in paths:
        if path.suffix not in _ENDINGS:
            raise MicrotomeError(f"--out {path} ends in neither {' nor '.join(_ENDINGS)}")
        if path.is_dir():
            raise MicrotomeError(f"--out {path} is a folder; name a file")
        if path.exists() and not force:
            raise MicrotomeError(f"{path} exists; pass --force to replace it")
        if not path.absolute().parent.is_dir():
            raise MicrotomeError(f"the folder {path.absolute().parent} does not exist; make it")
