"""microtome compare: two dictionaries side by side, on a text or where the layer decides."""

from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    app.command("compare")(compare)


def compare(
    a: Annotated[str, typer.Argument(help="A dictionary: hub name or folder.")],
    b: Annotated[str, typer.Argument(help="Another, or `linear` for a linear map of A's sites.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Hub name, folder, specimen:adder.")],
    text: Annotated[str | None, typer.Option("--text", "-t", help="Compare on this text.")] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", "-c", help="Compare where ablating a site flips a right answer."),
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="Written site to compare at; repeatable.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Features shown of each side.")] = 3,
    held_out: Annotated[
        float | None,
        typer.Option(help="Share of documents held out (default: as the dictionaries say)."),
    ] = None,
    field: Annotated[str, typer.Option(help="Field of the corpus with the text.")] = "text",
    tokens: Annotated[int, typer.Option(min=1, help="Held-out tokens, at most.")] = 10_000,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Accept dictionaries of another model.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Put two dictionaries side by side: active features, errors, who restores an answer."""
    from microtome.cli.progress import status
    from microtome.evaluation.compare import compare as compare_text
    from microtome.evaluation.compare import load_sides
    from microtome.evaluation.corpus import evaluation_blocks, held_out_share
    from microtome.evaluation.flips import find_flips
    from microtome.specimen import load_dictionary, load_model

    if text is None and corpus is None:
        raise MicrotomeError("nothing to compare on; pass --text, --corpus or both")
    if b == "linear" and corpus is None:
        raise MicrotomeError("a linear map is fitted on training documents; pass --corpus")
    with status("loading", quiet=json):
        loaded = load_model(model, device)
        first = load_dictionary(a)
        second = None if b == "linear" else load_dictionary(b)
        fit_tokens = 100_000 if second is None else 0
        share = held_out_share([first] if second is None else [first, second], held_out)
        blocks = (
            None
            if corpus is None
            else evaluation_blocks(loaded, corpus, share, 256, tokens, fit_tokens, field)
        )
        training = blocks.training if blocks else []
        sides = load_sides(loaded, first, second, training, any_model)
    on_text = compare_text(loaded, *sides, text, top, site or []) if text is not None else None
    with status("comparing", quiet=json):
        flips = find_flips(loaded, *sides, blocks.held_out, site or []) if blocks else []
    _print(on_text, flips, json)


def _print(comparison, flips: list, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from microtome.cli.console import stdout
    from microtome.evaluation.show_compare import show_comparison, show_flips

    if as_json:
        found = {
            "text": asdict(comparison) if comparison else None,
            "flips": [asdict(f) for f in flips],
        }
        typer.echo(json.dumps(found))
        return
    console = stdout()
    if comparison:
        show_comparison(comparison, console)
    for one in flips:
        show_flips(one, console)
