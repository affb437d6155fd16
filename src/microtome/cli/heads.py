"""microtome heads: attention heads in feature space."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from torch import Tensor

    from microtome.circuit.head_table import HeadTable
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel


def register(app: typer.Typer) -> None:
    app.command("heads")(heads)


def heads(
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    dictionary: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    head: Annotated[
        str | None, typer.Option("--head", help="List one head's features: LAYER.HEAD.")
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--texts", "-t", help="A file of texts, one a line, to average over."),
    ] = None,
    atlas: Annotated[
        str | None, typer.Option("--atlas", "-a", help="An atlas with labels of the features.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", "-p", help="Also: which heads carry the graph of this prompt."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Length of lists.")] = 8,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what attention heads read, copy and suppress, in features of a dictionary."""
    import json as writer

    from microtome.circuit.head_report import report_heads
    from microtome.circuit.head_show import show_head_table, show_heads
    from microtome.cli.both import load_both
    from microtome.cli.console import stdout
    from microtome.cli.features import feature_labels
    from microtome.cli.progress import status

    only = None if head is None else parse_head(head)
    loaded, read = load_both(model, dictionary, device, quiet=json)
    prompts = _prompts(loaded, texts)
    if prompt is not None:
        loaded.tokenize(prompt)  # refused before the long part
    label = feature_labels(atlas, read)
    with status("looking at heads", quiet=json):
        reports = report_heads(loaded, read, only, prompts, label, limit)
        carried = None if prompt is None else _carried(loaded, read, prompt)
    if json:
        rows = [report.document() for report in reports]
        found = {"model": loaded.name, "dictionary": read.name, "heads": rows}
        if carried is not None:
            found["graph"] = carried[0].document()
        typer.echo(writer.dumps(found, ensure_ascii=False))
        return
    show_heads(reports, stdout())
    if carried is not None:
        show_head_table(*carried, stdout(), limit)


def parse_head(text: str) -> tuple[int, int]:
    """Layer and head of `2.3`.

    Raises:
        MicrotomeError: malformed.
    """
    layer, dot, head = text.partition(".")
    if not (dot and layer.isdecimal() and head.isdecimal()):
        raise MicrotomeError(f"--head {text!r} is not LAYER.HEAD, for example 2.3")
    return int(layer), int(head)


def _carried(
    model: "LanguageModel", dictionary: "Dictionary", prompt: str
) -> "tuple[HeadTable, tuple[str, ...]]":
    """Heads that carry the pruned graph of a prompt to its last position, and its tokens."""
    from microtome.circuit import build_replacement, prune, trace
    from microtome.circuit.head_table import heads_of_graph

    graph = trace(model, prompt, dictionary)
    replacement = build_replacement(model, dictionary, model.tokenize(prompt))
    table = heads_of_graph(model, replacement, prune(graph), position=-1)
    return table, graph.prompt.strings


def _prompts(model: "LanguageModel", texts: Path | None) -> "list[Tensor]":
    """Texts of a file; for a specimen, prompts of its own world."""
    if texts is not None:
        try:
            lines = texts.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise MicrotomeError(f"{texts} is not a text in UTF-8") from None
        found = [model.tokenize(line) for line in lines if line.strip()]
        if not found:
            raise MicrotomeError(f"{texts} has no text; write one a line")
        return found
    from microtome.specimen.load import PREFIX

    if not model.name.startswith(PREFIX):
        return []
    import torch

    from microtome.specimen.adder import world

    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(0, world.OPERANDS, (1000, 2), generator=generator)
    return [world.prompt_tokens(pairs, guise) for guise in world.GUISES]
