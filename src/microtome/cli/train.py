"""microtome train: a dictionary from a recipe, a model and a corpus."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("train")(train)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, TOML.")],
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    corpus: Annotated[Path, typer.Argument(help="Texts: .jsonl with a text field, or .txt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to make.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing artifact.")] = False,
) -> None:
    """Train a PLT or CLT on a model's own activations (one text in 20 is held out)."""
    from rich.console import Console
    from rich.markup import escape

    from microtome.artifact import check_output, fingerprint_file
    from microtome.cli.progress import progress_bar
    from microtome.data import read_texts, split_documents, tokenize_texts
    from microtome.dictionary import save_dictionary
    from microtome.specimen import load_model
    from microtome.training import load_recipe, train_dictionary

    check_output(out, force, "dictionary")
    loaded_recipe = load_recipe(recipe)
    texts, _ = split_documents(read_texts(corpus))
    loaded = load_model(model)
    blocks = tokenize_texts(loaded, texts, loaded_recipe.context)
    with progress_bar("training") as advance:
        dictionary = train_dictionary(
            loaded, blocks, loaded_recipe, lambda m: advance(m.step, loaded_recipe.steps)
        )
    config = loaded_recipe.model_dump() | {"corpus": fingerprint_file(corpus)}
    save_dictionary(dictionary, out, config, force=force)
    figures = ", ".join(f"{name} {value:.4g}" for name, value in dictionary.info.items())
    Console().print(
        f"Saved {dictionary.kind} to [bold]{escape(str(out))}[/]: {figures}", highlight=False
    )
