"""microtome verify: a saved graph tested on the real model."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)


def verify(
    graph: Annotated[Path, typer.Argument(help="A graph folder.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Where it is now, if it has moved.")
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option("--dictionary", "-d", help="Where it is now, if it has moved.")
    ] = None,
    nodes: Annotated[
        int, typer.Option(min=1, help="Features tested one by one, most influential first.")
    ] = 200,
    sizes: Annotated[
        str, typer.Option(help="Shares by which they are changed: −1 takes them away.")
    ] = "-1,-0.5,0.5,1",
    seed: Annotated[int, typer.Option(help="Of the random features.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Test a graph: does the real model do what the graph says, and how far can it be believed?"""
    from microtome.circuit import load_graph, load_state
    from microtome.circuit.verify import VerifyOptions
    from microtome.circuit.verify import verify as verify_graph
    from microtome.circuit.verify.keep import VERIFICATION, save_verification
    from microtome.circuit.verify.show import show_verification
    from microtome.cli.console import stdout
    from microtome.cli.progress import progress_bar, status
    from microtome.specimen import load_dictionary, load_model

    if graph.is_file():
        raise MicrotomeError(
            f"{graph} is a file, and verifications are kept in graph folders only; trace the "
            f"prompt with --out to have one"
        )
    shares = parse_sizes(sizes)
    with status("loading", quiet=json):
        loaded = load_graph(graph)
        state = load_state(graph)
        options = VerifyOptions(nodes=nodes, sizes=shares, seed=seed)
        if state is not None:
            options = options.model_copy(
                update={
                    "node_threshold": state.node_threshold,
                    "edge_threshold": state.edge_threshold,
                }
            )
        traced_on = load_model(model or recorded(loaded.info, "model", graph), device)
        traced_with = load_dictionary(dictionary or recorded(loaded.info, "dictionary", graph))
    with progress_bar("verifying", quiet=json) as advance:
        found = verify_graph(loaded, traced_on, traced_with, options, state, advance)
    save_verification(graph, found)
    if json:
        typer.echo(found.model_dump_json())
    else:
        show_verification(found, stdout())
        typer.echo(f"\nSaved to {graph / VERIFICATION}")


def parse_sizes(text: str) -> tuple[float, ...]:
    """Shares named on the command line.

    Raises:
        MicrotomeError: one is no number, is zero, or is named twice.
    """
    try:
        sizes = tuple(float(part) for part in text.replace("−", "-").split(","))
    except ValueError:
        raise MicrotomeError(
            f"--sizes {text!r} are not numbers, for example -1,-0.5,0.5,1"
        ) from None
    if not all(abs(size) < 1e6 and size != 0 for size in sizes) or len(set(sizes)) != len(sizes):
        raise MicrotomeError(f"--sizes {text!r}: each must be a number other than 0, named once")
    return sizes


def recorded(info: dict, what: str, graph: Path) -> str:
    """Name of the model or dictionary that a graph was traced with.

    Raises:
        MicrotomeError: the graph does not say.
    """
    name = info.get(what)
    if not isinstance(name, str) or not name:
        raise MicrotomeError(f"{graph} does not say its {what}; name it with --{what}")
    return name
