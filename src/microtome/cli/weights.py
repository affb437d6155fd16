"""microtome weights: what a feature is fed by and what it feeds, on any text."""

from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

    from microtome.circuit.weights_use import CoActivation
    from microtome.data.block import Block
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

_AVERAGED_BLOCKS, _AVERAGED_ROWS = 9, 64
"""Rows of the corpus from which those are drawn that norms and attention are averaged over."""


def register(app: typer.Typer) -> None:
    app.command("weights")(weights)


def weights(
    model: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    dictionary: Annotated[str, typer.Argument(help="Hub name, folder, or specimen:adder.")],
    feature: Annotated[str, typer.Argument(help="As it is written: L2/914.")],
    corpus: Annotated[
        str | None, typer.Option("--corpus", "-c", help="File, folder or hub dataset.")
    ] = None,
    atlas: Annotated[
        str | None,
        typer.Option("--atlas", "-a", help="Labels; without --corpus also co-activation."),
    ] = None,
    tokens: Annotated[
        int, typer.Option(min=0, help="Tokens of the corpus, at most; 0 for all of them.")
    ] = 100_000,
    context: Annotated[int, typer.Option(min=2, help="Tokens of a row, at most.")] = 128,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Length of lists.")] = 10,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what a feature is fed by and what it feeds, over the whole dictionary.

    Weights between features that are never active together are interference; a corpus tells them
    from those that are used. The adder brings its own prompts.
    """
    import json as writer

    from microtome.circuit.weights import global_weights
    from microtome.circuit.weights_paths import average_paths
    from microtome.circuit.weights_show import show_weights, weights_document
    from microtome.cli.both import load_both
    from microtome.cli.console import stdout
    from microtome.cli.features import feature_labels, parse_features
    from microtome.cli.progress import status

    loaded, read = load_both(model, dictionary, device, quiet=json)
    named = parse_features(read, feature)
    label = feature_labels(atlas, read)
    if len(named) > 1:
        raise MicrotomeError(f"{feature} names {len(named)} features; name one")
    blocks = _blocks(loaded, corpus, tokens, context)
    with status("following weights", quiet=json):
        averaged = [] if blocks is None else _first_rows(blocks())
        paths = average_paths(loaded, read, averaged)
        from_atlas = atlas is not None and corpus is None
        use = _use(loaded, read, None if from_atlas else blocks, atlas, named[0])
        found = global_weights(paths, *named[0], use, limit)
    if json:
        document = weights_document(found, label, loaded.token_string)
        typer.echo(writer.dumps(document, ensure_ascii=False))
    else:
        show_weights(found, label, loaded.token_string, stdout())


def _blocks(
    model: "LanguageModel", corpus: str | None, tokens: int, context: int
) -> "Callable[[], Iterable[Block | Tensor]] | None":
    """Starts the blocks of the corpus; of a specimen's own prompts where none is named; None
    where there are none."""
    from microtome.data import read_texts, token_blocks
    from microtome.specimen.load import PREFIX

    if corpus is not None:
        length = min(context, model.max_positions)
        return lambda: _cut(token_blocks(model, read_texts(corpus), length), tokens)
    if model.name.startswith(PREFIX):
        from microtome.specimen.adder.atlas import all_prompts

        return lambda: _cut(all_prompts(), tokens)
    return None


def _cut(blocks: "Iterable[Block | Tensor]", tokens: int) -> "Iterable[Block | Tensor]":
    from torch import Tensor

    read = 0
    for block in blocks:
        yield block
        read += (block if isinstance(block, Tensor) else block.tokens).numel()
        if tokens and read >= tokens:
            return


def _first_rows(blocks: "Iterable[Block | Tensor]") -> "list[Tensor]":
    """Rows of the first blocks, in batches of one length."""
    from itertools import islice

    from torch import Tensor

    first = islice(blocks, _AVERAGED_BLOCKS)
    tokens = (block if isinstance(block, Tensor) else block.tokens for block in first)
    return [rows[:_AVERAGED_ROWS] for rows in tokens]


def _use(
    model: "LanguageModel",
    dictionary: "Dictionary",
    blocks: "Callable[[], Iterable[Block | Tensor]] | None",
    atlas: str | None,
    feature: tuple[int, int],
) -> "CoActivation | None":
    from microtome.circuit.weights_use import atlas_coactivation, corpus_coactivation
    from microtome.specimen import load_atlas

    if blocks is not None:
        return corpus_coactivation(model, dictionary, blocks(), *feature)
    return None if atlas is None else atlas_coactivation(load_atlas(atlas), *feature)
