"""microtome score: dictionaries and graphs against known truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.specimen.score import Scoreboard

_OF_GRAPH = "An attribution graph to score: a graph folder, or a Neuronpedia .json."


def register(app: typer.Typer) -> None:
    app.command("score")(score)


def score(
    truth: Annotated[
        list[str] | None,
        typer.Option("--truth", "-t", help="Specimen or folder of a truth; may repeat."),
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option("--dictionary", "-d", help="Score this dictionary alone.")
    ] = None,
    graph: Annotated[Path | None, typer.Option("--graph", "-g", help=_OF_GRAPH)] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model that a truth folder is of.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=100, help="How many seeds; 3 by default.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One seed, a few steps: whether it runs.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default as many as cores, 4 at most.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score dictionary architectures and attribution graphs against what is known of specimens,
    beside baselines, with intervals over seeds.

    Without options: synthetic activations, the compiled circuits and labelled worlds, in minutes.
    """
    import json as writer

    from microtome.artifact import check_output
    from microtome.artifact.interrupt import Interrupted
    from microtome.cli.console import stdout
    from microtome.cli.progress import stage_bar
    from microtome.specimen.score import (
        ScoreOptions,
        save_scoreboard,
        score_specimens,
        show_scoreboard,
        to_json,
    )
    from microtome.specimen.score import quick as shortened
    from microtome.specimen.score.parallel import default_jobs

    if out is not None:
        check_output(out, force, kind="score")
    _check_together(quick, seeds, jobs, alone=dictionary is not None or graph is not None)
    numbers = tuple(range(1 if quick else seeds or 3))
    if dictionary is None and graph is None:
        options = ScoreOptions(seeds=numbers)
        options = shortened(options) if quick else options
        try:
            with stage_bar(json) as advance:
                processes = jobs or default_jobs()
                board = score_specimens(truth or (), options, model, advance, processes)
        except Interrupted as stop:
            typer.echo("microtome: interrupted", err=True)
            raise typer.Exit(128 + stop.signal_number) from stop
    else:
        board = _one(truth or [], dictionary, graph, model, numbers, json)
    if out is not None:
        save_scoreboard(board, out, force)
    if json:
        typer.echo(writer.dumps(to_json(board), ensure_ascii=False, allow_nan=False))
    else:
        show_scoreboard(board, stdout())


def _check_together(quick: bool, seeds: int | None, jobs: int | None, alone: bool) -> None:
    """Refuse options of which one would do nothing.

    Raises:
        MicrotomeError: names them.
    """
    if alone and (quick or jobs):
        idle = "--quick" if quick else "--jobs"
        raise MicrotomeError(
            f"{idle} is for the training of dictionaries, and --dictionary or --graph scores what "
            f"is there; leave {idle} out"
        )
    if quick and seeds is not None:
        raise MicrotomeError(f"--quick has one seed, and --seeds is {seeds}; leave out one of them")


def _one(
    truths: list[str],
    dictionary: str | None,
    graph: Path | None,
    model: str | None,
    seeds: tuple[int, ...],
    quiet: bool,
) -> "Scoreboard":
    """A dictionary or a graph from elsewhere."""
    from microtome.circuit import load_graph
    from microtome.cli.progress import status
    from microtome.specimen import load_dictionary, load_model
    from microtome.specimen.load import load_truth
    from microtome.specimen.score import score_dictionary, score_graph
    from microtome.specimen.score.outside import model_of
    from microtome.specimen.truth_name import truth_name

    if len(truths) != 1:
        raise MicrotomeError(f"--truth is given {len(truths)} times; name the one to score against")
    with status("loading", quiet=quiet):
        truth = truth_name(truths[0])
        known, _ = load_truth(truth)
        drawn = load_graph(graph) if graph else None
        loaded = load_dictionary(dictionary) if dictionary else None
        needs_model = model or (loaded is not None and known.kind != "synthetic")
        read = load_model(model_of(truth, model)) if needs_model else None
    with status("scoring", quiet=quiet):
        if drawn is not None:
            return score_graph(drawn, truth, loaded, read, seeds)
        assert loaded is not None
        return score_dictionary(loaded, truth, read, seeds)
