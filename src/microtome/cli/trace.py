"""microtome trace: an attribution graph of one prompt."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    app.command("trace")(trace)


def trace(
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    prompt: Annotated[str, typer.Argument(help="The text whose next token is explained.")],
    dictionary: Annotated[
        str,
        typer.Option("--dictionary", "-d", help="Hub name, folder, specimen:adder (or its /plt)."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Save the graph here.")] = None,
    token: Annotated[
        list[str] | None, typer.Option(help="Explain this next token (repeatable).")
    ] = None,
    minus: Annotated[
        str | None, typer.Option(help="With one --token: explain its logit minus this one's.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Explain a feature: LAYER/FEATURE@POSITION.")
    ] = None,
    max_features: Annotated[
        int | None, typer.Option(min=0, help="Expand only the most influential features.")
    ] = None,
    memory_gb: Annotated[float, typer.Option(help="Memory for gradients and decoders.")] = 2.0,
    reads: Annotated[
        str | None, typer.Option(help="Sites read, e.g. blocks.{layer}.mlp.in, if unsaid.")
    ] = None,
    writes: Annotated[str | None, typer.Option(help="Sites written, if unsaid.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON summary.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing graph.")] = False,
) -> None:
    """Trace one answer: which tokens and features produce it, and how."""
    from microtome.artifact import check_output
    from microtome.circuit import trace as trace_prompt
    from microtome.cli.progress import progress_bar, status
    from microtome.cli.report import print_graph
    from microtome.specimen import load_dictionary, load_model
    from microtome.specimen.adder.label import label_as_atlas
    from microtome.specimen.load import PREFIX

    if out is not None:
        check_output(out, force, "graph")
    targets = parse_targets(token or [], minus, feature or [])
    with status("loading", quiet=json):
        loaded = load_model(model, device)
        read = load_dictionary(dictionary, reads, writes)
    with progress_bar("tracing", quiet=json) as advance:
        graph = trace_prompt(
            loaded, prompt, read, targets, max_features, memory_gb, progress=advance
        )
    if read.name.startswith(PREFIX):
        graph = label_as_atlas(graph, read) or graph
    if out is not None:
        graph.save(out, force)
    print_graph(graph, json, out)


def parse_targets(tokens: list[str], minus: str | None, features: list[str]) -> list:
    """Targets named on the command line.

    Raises:
        MicrotomeError: --minus without exactly one --token, or a malformed --feature.
    """
    from microtome.circuit import FeatureTarget, LogitDifference, TokenTarget

    if minus is not None:
        if len(tokens) != 1:
            raise MicrotomeError(f"--minus goes with exactly one --token, not {len(tokens)}")
        targets: list = [LogitDifference(tokens[0], minus)]
    else:
        targets = [TokenTarget(text) for text in tokens]
    for text in features:
        try:
            where, _, position = text.partition("@")
            layer, _, index = where.partition("/")
            targets.append(
                FeatureTarget(int(layer.removeprefix("L")), int(index), int(position or -1))
            )
        except ValueError:
            raise MicrotomeError(
                f"--feature {text!r} is not LAYER/FEATURE@POSITION, for example 3/127@4"
            ) from None
    return targets
