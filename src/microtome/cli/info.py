"""microtome info: what any artifact is, what made it, of what."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("info")(info)


def info(
    path: Annotated[str, typer.Argument(help="A graph, dictionary or model folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what a path holds: kind, shape, sites, provenance."""
    import json as json_module

    from rich.markup import escape
    from rich.table import Table

    from microtome.cli.console import stdout

    facts = describe(path)
    if json:
        typer.echo(json_module.dumps(facts))
        return
    table = Table.grid(padding=(0, 2))
    for key, value in facts.items():
        if key == "parts":  # a configuration for each site; the first of them is shown
            continue
        shown = _flat(value) if isinstance(value, dict) else str(value)
        shown = ", ".join(map(str, value)) if isinstance(value, list) else shown
        table.add_row(f"[bold]{key.replace('_', ' ')}[/]", escape(shown))
    stdout().print(table, highlight=False)


def describe(path: str) -> dict:
    """Facts about a path, in the order in which they are shown.

    Raises:
        MicrotomeError: the path holds nothing that microtome knows.
    """
    from microtome.artifact.json_file import read_json
    from microtome.specimen.load import PREFIX, specimen_path

    folder = specimen_path(path, "model") if path.startswith(PREFIX) else Path(path)
    if (folder / "manifest.json").is_file():
        return _artifact(folder)
    config = folder / "config.json"  # of a model; dictionaries of some formats have one too
    if config.is_file() and "model_type" in read_json(config):
        return _model(path)
    if folder.suffix == ".json":
        return _graph_file(folder)
    return _dictionary(path)


def _artifact(folder: Path) -> dict:
    from microtome.artifact import read_manifest

    manifest = read_manifest(folder)
    facts = {
        "kind": manifest.kind,
        "path": str(folder),
        "bytes": sum(manifest.files.values()),
        "created": manifest.created,
        "command": " ".join(manifest.command),
        "microtome": manifest.microtome_version,
    }
    facts |= {f"{name}_fingerprint": value for name, value in manifest.inputs.items()}
    if manifest.kind == "dictionary":
        found = _dictionary(str(folder)) | {"recipe": manifest.config or "unknown"}
        if "format" in found:  # of the files that it was converted from
            found["converted_from"] = found.pop("format")
        return facts | found
    if manifest.kind == "atlas":
        return facts | _atlas(manifest.content)
    content = {k: v for k, v in manifest.content.items() if k not in ("info", "tokens", "strings")}
    known = manifest.content.get("info", {})
    return facts | {k: known[k] for k in ("model", "dictionary") if k in known} | content


def _atlas(content: dict) -> dict:
    encoders = content["encoders"]
    return content | {
        "encoders": [f"{', '.join(e['reads'])}: {e['features']} features" for e in encoders],
        "features": sum(e["features"] for e in encoders),
        "window": "{} tokens before, {} behind".format(*content["window"]),
    }


def _flat(values: dict) -> str:
    def shown(value) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    return ", ".join(f"{key} {shown(value)}" for key, value in values.items())


def _model(path: str) -> dict:
    from microtome.specimen import load_model

    model = load_model(path, device="cpu")
    return {
        "kind": "model",
        "path": path,
        "family": model.hf.config.model_type,
        "layers": model.n_layers,
        "width": model.d_model,
        "heads": f"{model.n_heads} ({model.n_kv_heads} key-value)",
        "vocabulary": model.d_vocab,
        "context": model.max_positions,
        "parameters": sum(p.numel() for p in model.hf.parameters()),
        "tokenizer": "yes" if model.tokenizer else "no",
        "fingerprint": model.fingerprint,
    }


def _dictionary(path: str) -> dict:
    from microtome.specimen import load_dictionary

    read = load_dictionary(path)
    first = read.encoders[0].activation
    facts = {
        "kind": "dictionary",
        "dictionary": read.kind,
        "path": path,
        "reads": list(read.reads),
        "writes": list(read.writes),
        "features": " + ".join(map(str, read.n_features)),
        "width": read.d_in if read.d_in == read.d_out else f"{read.d_in} to {read.d_out}",
        "activation": first.kind + (f", k = {first.k}" if first.k else ""),
        "linear_skip": "yes" if any(skip is not None for skip in read.skips) else "no",
        "fingerprint": read.fingerprint,
    }
    return facts | read.info


def _graph_file(path: Path) -> dict:
    from microtome.circuit import load_graph

    graph = load_graph(path)
    kinds = graph.nodes.kind
    return {
        "kind": "graph",
        "path": str(path),
        "format": "Neuronpedia JSON",
        "prompt": graph.prompt.text,
        "nodes": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "edges": int((graph.edges != 0).sum()),
    }
