"""microtome atlas build: an atlas of a dictionary's features from a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from microtome.atlas import AtlasContent


def register(group: typer.Typer) -> None:
    group.command("build")(build)


def build(
    dictionary: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Hub name, folder, specimen:adder.")],
    corpus: Annotated[str, typer.Option("--corpus", "-c", help="File, folder or hub dataset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the atlas.")],
    tokens: Annotated[
        int, typer.Option(min=0, help="Tokens of the corpus, at most; 0 for all of them.")
    ] = 2_000_000,
    context: Annotated[int, typer.Option(min=2, help="Tokens of a row, at most.")] = 256,
    pack: Annotated[bool, typer.Option("--pack", help="Join documents into full rows.")] = False,
    field: Annotated[str, typer.Option(help="Field of the corpus with the text.")] = "text",
    examples: Annotated[int, typer.Option(min=1, help="Top examples of a feature.")] = 20,
    per_band: Annotated[int, typer.Option(min=1, help="Examples of a quantile band.")] = 5,
    sample: Annotated[
        int, typer.Option(min=1, help="Activations of a feature drawn for its statistics.")
    ] = 256,
    memory_gb: Annotated[float, typer.Option(help="Memory for all features.")] = 4.0,
    other: Annotated[
        str | None, typer.Option(help="Second model, of crosscoders with sites in two.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the samples and the map.")] = 0,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Accept a dictionary of another model.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing atlas.")] = False,
) -> None:
    """Collect what is known of every feature of a dictionary, in one pass over a corpus.

    The same command goes on where it was interrupted. Under torchrun the processes share the
    corpus.
    """
    from microtome.artifact import check_output
    from microtome.artifact.interrupt import Interrupted
    from microtome.atlas import BuildOptions, build_atlas
    from microtome.atlas.build import KIND
    from microtome.cli.progress import stage_bar, status
    from microtome.model.load import best_device
    from microtome.specimen import load_dictionary, load_model
    from microtome.training.distributed import close_mesh, open_mesh

    check_output(out, force, KIND)
    options = BuildOptions(
        tokens=tokens or None,
        context=context,
        pack=pack,
        field=field,
        examples=examples,
        per_band=per_band,
        sample=sample,
        memory_gb=memory_gb,
        seed=seed,
        any_model=any_model,
    )
    mesh = open_mesh(1, device or best_device())
    try:
        with status("loading", quiet=not mesh.first):
            loaded = load_model(model, device)
            second = load_model(other, device) if other else None
            read = load_dictionary(dictionary)
        with stage_bar(quiet=not mesh.first) as report:
            content = build_atlas(
                loaded,
                read,
                corpus,
                out,
                options,
                report,
                force,
                other=second,
                concepts=_known_concepts(model),
            )
    except Interrupted as stop:
        if mesh.first:
            typer.echo(f"microtome: {stop}", err=True)
        raise typer.Exit(128 + stop.signal_number) from stop
    finally:
        close_mesh(mesh)
    if content is not None:
        _print(out, content)


def _known_concepts(model: str) -> list:
    """Those of a specimen's world, which labels may name."""
    from microtome.specimen.adder.concepts import adder_concepts

    return list(adder_concepts()) if model.startswith("specimen:adder") else []


def _print(out: Path, content: "AtlasContent") -> None:
    from microtome.cli.console import stdout

    features = sum(encoder.features for encoder in content.encoders)
    console = stdout()
    lines = [
        f"Atlas of {features:,} features from {content.tokens:,} tokens of "
        f"{content.documents:,} documents",
        *(f"Note: {warning}" for warning in content.warnings),
        f"Saved to {out}; see a feature with: microtome atlas show {out} FEATURE",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
