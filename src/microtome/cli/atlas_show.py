"""microtome atlas show: the page of a feature in the terminal."""

from typing import Annotated

import typer


def register(group: typer.Typer) -> None:
    group.command("show")(show)


def show(
    atlas: Annotated[str, typer.Argument(help="Folder of an atlas, or specimen:adder.")],
    feature: Annotated[str, typer.Argument(help="Such as L3/127; 127 where one site is read.")],
    examples: Annotated[
        int, typer.Option(min=1, help="Top examples; a third of them of each quantile band.")
    ] = 8,
    json: Annotated[bool, typer.Option("--json", help="Print the whole page as JSON.")] = False,
) -> None:
    """Show what is known of a feature: examples, statistics, logits, neighbours, label."""
    from microtome.atlas.show import show_page
    from microtome.cli.console import stdout
    from microtome.explain import labels_of
    from microtome.specimen import load_atlas

    opened = load_atlas(atlas)
    page = opened.page(*opened.parse_name(feature), labels=labels_of(opened.folder))
    if json:
        typer.echo(page.model_dump_json())
        return
    show_page(page, stdout(), examples)
