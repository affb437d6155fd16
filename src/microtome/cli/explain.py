"""microtome explain: features explained by a language model, and the explanations scored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.atlas.query import Atlas
    from microtome.explain import Endpoint, ExplainOptions, LabelsContent
    from microtome.explain.features import Key


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    atlas: Annotated[str, typer.Argument(help="Folder of an atlas, or specimen:adder.")],
    endpoint: Annotated[
        str | None, typer.Option(help="OpenAI-compatible URL, e.g. http://localhost:8000/v1.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Its name there.")] = None,
    local: Annotated[
        str | None, typer.Option(help="A model on this machine instead: hub name or folder.")
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option("--features", "-f", help="L3/127,L2/5,... (repeatable).")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="The N most often active.")] = None,
    random: Annotated[int | None, typer.Option(min=1, help="N active ones at random.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that were active.")] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send it; without this, say what would be sent.")
    ] = False,
    price_in: Annotated[float | None, typer.Option(help="Price of a million tokens sent.")] = None,
    price_out: Annotated[
        float | None, typer.Option(help="Price of a million tokens answered.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Stop before this is spent.")] = None,
    at_once: Annotated[int, typer.Option(min=1, help="Requests at the same time.")] = 4,
    shown: Annotated[int, typer.Option(min=1, help="Examples that are explained.")] = 20,
    scored: Annotated[
        int, typer.Option(min=0, help="Held-out examples to score on; 0: no scores.")
    ] = 25,
    seed: Annotated[int, typer.Option(min=0, help="Of what is shown and drawn.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the labels (ATLAS-labels).")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Of --local: cpu, cuda or mps.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace labels that were made otherwise.")
    ] = False,
) -> None:
    """Let a language model explain features, and score what it says on held-out examples.

    Nothing leaves this machine without --send. Keys come from MICROTOME_API_KEY (at OpenAI's own
    address also OPENAI_API_KEY). The same command goes on where it stopped, without paying twice.
    """
    from microtome.cli.progress import progress_bar, status
    from microtome.explain import AtlasSource, ExplainOptions, Local, explain_atlas
    from microtome.explain.show import spent
    from microtome.specimen import load_atlas, load_model

    options = ExplainOptions(shown=shown, scored=scored, seed=seed)
    opened = load_atlas(atlas)
    keys = chosen(opened, features or [], top, random, all_, seed)
    source = AtlasSource(opened, scored > 0)
    remote = _endpoint(endpoint, model, local, price_in, price_out, budget, at_once)
    if remote is not None and not send:
        kept = out if out is not None or _is_bundled(atlas) else _beside(atlas)
        _plan(opened, kept, source, keys, remote, options, json)
        return
    where = out or _beside(atlas)
    if remote is None:
        with status("loading", quiet=json):
            answerer = Local(load_model(str(local), device))
    else:
        answerer = remote
    try:
        with progress_bar("explaining", quiet=json) as report:
            content = explain_atlas(
                opened.folder, source, keys, answerer, where, options, report, force
            )
    except KeyboardInterrupt:
        typer.echo("What was answered is kept; the same command goes on from there.", err=True)
        raise
    finally:
        if remote is not None and remote.spending.requests:
            typer.echo(spent(remote.spending), err=True)
    _print(opened, content, keys, where, json)


def chosen(
    atlas: "Atlas", names: list[str], top: int | None, random: int | None, all_: bool, seed: int
) -> "list[Key]":
    """Features that options name.

    Raises:
        MicrotomeError: none of the options or several of them, or no such feature.
    """
    from microtome.explain import active_features, drawn

    if sum((bool(names), top is not None, random is not None, all_)) != 1:
        raise MicrotomeError(
            "say which features: one of --features L3/127,L2/5 or --top 20 or --random 100 or --all"
        )
    if names:
        parts = [part for text in names for part in text.split(",") if part.strip()]
        return list(dict.fromkeys(atlas.parse_name(part) for part in parts))
    active = active_features(atlas)
    if random is not None:
        return drawn(active, random, seed)
    return active if all_ else active[:top]


def _is_bundled(atlas: str) -> bool:
    from microtome.specimen.load import PREFIX

    return atlas.startswith(PREFIX)


def _beside(atlas: str) -> Path:
    """Where labels go if nothing is said.

    Raises:
        MicrotomeError: the atlas is bundled, and nothing is written into an installation.
    """
    from microtome.explain import labels_beside

    if _is_bundled(atlas):
        raise MicrotomeError(f"{atlas} is bundled; name a folder for its labels with --out")
    return labels_beside(Path(atlas))


def _endpoint(
    url: str | None,
    model: str | None,
    local: str | None,
    price_in: float | None,
    price_out: float | None,
    budget: float | None,
    at_once: int,
) -> "Endpoint | None":
    """The endpoint that options name; None where they name a local model."""
    from microtome.explain import Endpoint, Prices, Spending, key_for
    from microtome.explain.key import check_url

    if (url is None) == (local is None):
        raise MicrotomeError(
            "say who explains: either --endpoint URL --model NAME or --local MODEL"
        )
    if url is None:
        return None
    if not model:
        raise MicrotomeError("--endpoint needs the name of a model there: --model NAME")
    if (price_in is None) != (price_out is None):
        raise MicrotomeError("give both --price-in and --price-out, or neither")
    prices = None if price_in is None or price_out is None else Prices(price_in, price_out)
    return Endpoint(url, model, key_for(check_url(url)), Spending(prices, budget), at_once)


def _plan(
    atlas: "Atlas",
    out: Path | None,
    source,
    keys: "list[Key]",
    endpoint: "Endpoint",
    options: "ExplainOptions",
    as_json: bool,
) -> None:
    """Say what would be sent for features that have no label yet in a folder, if there is one."""
    import json
    from dataclasses import asdict

    from microtome.cli.console import stdout
    from microtome.explain.artifact import Labels
    from microtome.explain.plan import first_question, plan
    from microtome.explain.show import show_plan

    done = {} if out is None else Labels(atlas.folder, out, endpoint.name, options).labels
    left = [key for key in keys if key not in done]
    planned = plan(source, left, options)
    if as_json:
        prices = endpoint.spending.prices
        likely, most = planned.cost(prices) if prices else (None, None)
        typer.echo(json.dumps(asdict(planned) | {"cost": likely, "most_cost": most}))
        return
    show_plan(stdout(), planned, endpoint, first_question(source, left, options))


def _print(
    atlas: "Atlas", content: "LabelsContent", keys: "list[Key]", out: Path, as_json: bool
) -> None:
    import json

    from microtome.cli.console import stdout
    from microtome.explain import read_labels
    from microtome.explain.show import show_labels

    labels = read_labels(out)
    if as_json:
        rows = [labels[key].model_dump(mode="json") for key in keys]
        typer.echo(json.dumps(content.model_dump(mode="json") | {"labels": rows}))
        return
    show_labels(stdout(), content, labels, keys, atlas.content.encoders, out)
