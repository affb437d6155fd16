"""microtome steer: what a model generates when its features are changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from microtome.artifact.json_file import wrong_field
from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary
    from microtome.intervention import Intervention, Recipe
    from microtome.intervention.description import How, Span
    from microtome.model import LanguageModel

_SPANS = ("all", "prompt", "last", "generated")


def register(app: typer.Typer) -> None:
    app.command("steer")(steer)


def steer(
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    dictionary: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    prompt: Annotated[str, typer.Argument(help="The text to continue.")],
    feature: Annotated[
        list[str] | None, typer.Option("--feature", "-f", help="To change: 2/138; repeatable.")
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="To scale or ablate: LAYER.HEAD; repeatable."),
    ] = None,
    scale: Annotated[float | None, typer.Option(help="Multiply what is there; 1 is off.")] = None,
    add: Annotated[float | None, typer.Option(help="Add to the activation; 0 is off.")] = None,
    clamp: Annotated[float | None, typer.Option(help="Set the activation.")] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Set it to zero.")] = False,
    positions: Annotated[
        str, typer.Option(help="all, prompt, last, generated, or numbers as in 1,4.")
    ] = "all",
    tokens: Annotated[
        int | None, typer.Option("--tokens", "-n", min=1, help="New tokens, at most (default 32).")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0, help="0 (default) takes the most likely token.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of sampling (default 0).")] = None,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", "-r", help="Take changes from this file.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Keep the changes as a recipe.")
    ] = None,
    export_hook: Annotated[
        Path | None, typer.Option("--export-hook", help="Folder for a plain PyTorch hook.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Continue a prompt without and with changed features, side by side, with the same seed."""
    import json as writer

    from microtome.cli.both import load_both
    from microtome.cli.console import stdout
    from microtome.cli.features import feature_labels
    from microtome.cli.progress import status
    from microtome.intervention.hook import export_hook as export
    from microtome.intervention.recipe import (
        load_recipe,
        save_recipe,
        steering_recipe,
        without_overwriting,
    )
    from microtome.intervention.show import document, show_steered
    from microtome.intervention.steer import steer as continue_both

    how = chosen({"scale": scale, "add": add, "clamp": clamp, "ablate": 0.0 if ablate else None})
    asked = [*(feature or ()), *(head or ())]
    if recipe is not None and (asked or how):
        raise MicrotomeError("--recipe has its own changes; leave out --feature, --head and how")
    if recipe is not None and positions != "all":
        raise MicrotomeError("--recipe has its own positions; leave out --positions")
    if bool(asked) != (how is not None):
        raise MicrotomeError(
            "name a --feature or a --head, and how it is changed: --scale, --add, --clamp or "
            "--ablate"
        )
    given = load_recipe(recipe) if recipe else None
    for path in (save, export_hook):
        if path is not None:
            without_overwriting(path)
    if save is not None and export_hook in (save, *save.parents):
        raise MicrotomeError(f"--save and --export-hook are both at {export_hook}; keep them apart")
    loaded, read = load_both(model, dictionary, quiet=json)
    if given is None:
        changed = changes(loaded, read, feature or [], head or [], how, positions)
        given = steering_recipe(loaded, read, changed)
    given.check(loaded, read)
    given = generating(given, {"max_new_tokens": tokens, "temperature": temperature, "seed": seed})
    ids = loaded.tokenize(prompt)
    with status("generating", quiet=json):
        found = continue_both(loaded, ids, given.interventions, read, given.generation)
    if save is not None:
        save_recipe(given, save)
    if export_hook is not None:
        export(export_hook, loaded, given.interventions, read)
    if json:
        typer.echo(writer.dumps(document(found, given, loaded), ensure_ascii=False))
        return
    show_steered(found, given, loaded, feature_labels(None, read), stdout())
    _say_saved(save, export_hook)


def _say_saved(*paths: Path | None) -> None:
    for path in paths:
        if path is not None:
            typer.echo(f"Saved to {path}")


def chosen(ways: dict[str, float | None]) -> "tuple[How, float | None] | None":
    """The one way that was asked for.

    Raises:
        MicrotomeError: several.
    """
    found: Any = [(how, value) for how, value in ways.items() if value is not None]
    if len(found) > 1:
        names = " and ".join(f"--{how}" for how, _ in found)
        raise MicrotomeError(f"{names} exclude each other; take one, or a --recipe with several")
    if not found:
        return None
    how, value = found[0]
    return how, None if how == "ablate" else value


def changes(
    model: "LanguageModel",
    dictionary: "Dictionary",
    features: list[str],
    heads: list[str],
    way: "tuple[How, float | None] | None",
    positions: str,
) -> "list[Intervention]":
    """Interventions from options.

    Raises:
        MicrotomeError: a name that is none, no such feature, or a change that does not fit.
    """
    from pydantic import ValidationError

    from microtome.cli.features import parse_features
    from microtome.cli.heads import parse_head
    from microtome.intervention.description import Features, Head, Intervention

    if way is None:
        return []
    how, value = way
    where = parse_positions(positions)
    whats: list[Features | Head] = []
    if features:
        whats.append(Features.of(*parse_features(dictionary, ",".join(features))))
    for name in dict.fromkeys(heads):
        layer, number = parse_head(name)
        whats.append(Head(layer=layer, head=number))
    try:
        return [Intervention(what=what, how=how, value=value, positions=where) for what in whats]
    except ValidationError as error:
        raise MicrotomeError(wrong_field(error)) from error


def parse_positions(text: str) -> "Span | tuple[int, ...]":
    """A span, or positions such as `1,4`.

    Raises:
        MicrotomeError: neither.
    """
    if text in _SPANS:
        span: Any = text
        return span
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise MicrotomeError(
            f"--positions {text!r} is none of {', '.join(_SPANS)}, nor numbers such as 1,4"
        ) from None


def generating(recipe: "Recipe", asked: dict[str, Any]) -> "Recipe":
    """A recipe whose generation is as options say, where they say something."""
    from pydantic import ValidationError

    from microtome.intervention.recipe import Generation

    said = {name: value for name, value in asked.items() if value is not None}
    try:
        generation = Generation.model_validate(recipe.generation.model_dump() | said)
    except ValidationError as error:
        raise MicrotomeError(wrong_field(error)) from error
    return recipe.model_copy(update={"generation": generation})
