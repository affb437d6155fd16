"""microtome atlas search: features by label, token, text or likeness."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.atlas.columns import Labels
    from microtome.atlas.page import FeatureList, XRay
    from microtome.atlas.query import Atlas


@dataclass(frozen=True)
class Found:
    """A list as it is printed."""

    title: str
    score: str
    """What the score is."""
    features: "FeatureList"
    more_columns: dict[str, list[str]] = field(default_factory=dict)
    note: str = ""


def register(group: typer.Typer) -> None:
    group.command("search")(search)


def search(
    atlas: Annotated[str, typer.Argument(help="Folder of an atlas, or specimen:adder.")],
    label: Annotated[str | None, typer.Option("--label", "-l", help="Words of a label.")] = None,
    token: Annotated[
        str | None, typer.Option("--token", "-t", help="A token: who is active on it or says it.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="A text: which features fire on it.")
    ] = None,
    similar: Annotated[
        str | None, typer.Option("--similar", "-s", help="A feature: who is like it.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="For --text; the atlas' own by default.")
    ] = None,
    dictionary: Annotated[
        str | None,
        typer.Option("--dictionary", "-d", help="For --text; the atlas' own by default."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Features of a list.")] = 15,
    json: Annotated[bool, typer.Option("--json", help="Print the lists as JSON.")] = False,
) -> None:
    """Find features: by the words of their label, a token, a text, or likeness to another."""
    from microtome.explain import labels_of
    from microtome.specimen import load_atlas

    if [label, token, text, similar].count(None) != 3:
        raise MicrotomeError("search for one thing: --label, --token, --text or --similar")
    if label is not None and not label.strip():
        raise MicrotomeError("--label has nothing to search for; give at least one word")
    if token == "":
        raise MicrotomeError("--token has nothing to search for; give a token")
    opened = load_atlas(atlas)
    given = labels_of(opened.folder)
    if label is not None:
        rows = opened.search_label(label, limit, given)
        found = [Found(f"Labels with “{label}”", "score", rows)]
    elif token is not None:
        found = _by_token(opened, token, limit, given)
    elif similar is not None:
        found = _like(opened, similar, given)
    else:
        assert text is not None
        found = _on_text(opened, text, model, dictionary, limit, given)
    _print(found, json, limit)


def _by_token(atlas: "Atlas", token: str, limit: int, given: "Labels") -> list[Found]:
    return [
        Found(f"Active on “{token}”", "share", atlas.search_token(token, limit, labels=given)),
        Found(f"Promote “{token}”", "logit", atlas.search_token(token, limit, "promote", given)),
    ]


def _like(atlas: "Atlas", name: str, given: "Labels") -> list[Found]:
    encoder, feature = atlas.parse_name(name)
    kinds = {"decoder": "Write", "encoder": "Read", "coactive": "Are active"}
    return [
        Found(f"{verb} like {name}", "cosine", atlas.similar(encoder, feature, by, given))
        for by, verb in kinds.items()
    ]


def _on_text(
    atlas: "Atlas",
    text: str,
    model: str | None,
    dictionary: str | None,
    limit: int,
    given: "Labels",
) -> list[Found]:
    from microtome.atlas.search import xray_ranks
    from microtome.atlas.xray import features_on_text
    from microtome.cli.progress import status
    from microtome.specimen import load_dictionary, load_model

    with status("loading"):
        loaded = load_model(model or atlas.content.model)
        read = load_dictionary(dictionary or atlas.content.dictionary)
    if atlas.dictionary_fingerprint not in ("", read.fingerprint):
        raise MicrotomeError(
            f"{read.name} is not the dictionary of this atlas ({atlas.content.dictionary}); name "
            f"that one with --dictionary"
        )
    half = str(loaded.dtype) in ("torch.float16", "torch.bfloat16")  # rounds to other fingerprints
    if not half and atlas.model_fingerprint not in ("", loaded.fingerprint):
        raise MicrotomeError(
            f"{loaded.name} is not the model of this atlas ({atlas.content.model}); name that one "
            f"with --model"
        )
    xray = features_on_text(loaded, read, text)
    ranks = xray_ranks(xray, atlas.content, atlas.columns)[:limit]
    columns = {
        "score": [f"{one.telling:.1f}" for one in ranks],
        "on": [f"{one.position} “{_one_line(xray.tokens[one.position])}”" for one in ranks],
    }
    rows = atlas.on_text(xray, limit, given)
    return [Found("Features on this text", "activation", rows, columns, _note(xray))]


def _one_line(token: str) -> str:
    return token.replace("\n", "⏎").replace("\t", "⇥")


def _note(xray: "XRay") -> str:
    """What the score is, and which tokens are left out."""
    said = "score: share of the largest activation, times the bits of surprise at so rare a feature"
    left = [token for token, counts in zip(xray.tokens, xray.counts, strict=True) if not counts]
    if not left:
        return said
    names = ", ".join(f"“{_one_line(token)}”" for token in dict.fromkeys(left))
    return f"{said}\nnot counted: what is active on {names}; the dictionary was not trained on it"


def _print(found: list[Found], json: bool, limit: int) -> None:
    if json:
        import json as writer

        lists = {one.title: one.features.model_dump(mode="json") for one in found}
        typer.echo(writer.dumps(lists, ensure_ascii=False))
        return
    from microtome.atlas.show import show_rows
    from microtome.cli.console import stdout

    console = stdout()
    for i, one in enumerate(found):
        if i:
            console.print()
        rows, total = one.features.rows[:limit], one.features.total
        show_rows(rows, console, one.score, one.title, total, one.more_columns, one.note)
