"""The entry of an artifact: its name, figures and fingerprints, from manifests alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from microtome.artifact import Manifest, read_manifest
from microtome.artifact.json_file import read_json
from microtome.artifact.manifest import FILE_NAME
from microtome.artifact.readable import is_file, readable
from microtome.errors import MicrotomeError
from microtome.server.library.found import Signature, entry_id
from microtome.server.library.recognise import (
    OWN_FILES,
    graph_metadata,
    has_manifest,
    other_format,
)
from microtome.server.library.tree import Listing
from microtome.server.runs import run_facts
from microtome.server.schema import Entry, EntryKind

Facts = dict[str, str | int | float | bool | None]


def describe_folder(
    listing: Listing, kind: EntryKind, shown: str, signature: Signature, problem: str = ""
) -> Entry:
    """The entry of an artifact folder; what is wrong with it is said in `problem`."""
    entry = Entry(
        id=entry_id(listing.path),
        kind=kind,
        name=listing.path.name,
        path=shown,
        created=_time(max((changed for _, _, changed in signature), default=0)),
        bytes=sum(size for name, size, _ in signature if name in listing.files),
        problem=problem,
    )
    if problem:
        return entry
    try:
        with readable(listing.path):
            return entry.model_copy(update=_described(listing, kind))
    except MicrotomeError as error:
        return entry.model_copy(update={"problem": str(error)})


def describe_graph_file(path: Path, shown: str, signature: Signature) -> Entry | None:
    """The entry of a graph in another tool's JSON file; None where it is something else."""
    metadata = graph_metadata(path)
    if metadata is None:
        return None
    prompt = metadata.get("prompt")
    facts: Facts = {
        "prompt": prompt if isinstance(prompt, str) else "",
        "tokens": len(metadata["prompt_tokens"]),
        "model": str(metadata.get("scan", "")),
        "format": "Neuronpedia",
    }
    ((_, size, changed),) = signature
    return Entry(
        id=entry_id(path),
        kind="graph",
        name=str(metadata.get("slug") or path.stem),
        path=shown,
        created=_time(changed),
        bytes=size,
        facts=facts,
    )


def _described(listing: Listing, kind: EntryKind) -> dict[str, Any]:
    folder = listing.path
    if kind == "run":
        return {"facts": run_facts(folder)}
    if not has_manifest(listing):
        facts = _model_facts(folder) if kind == "model" else {"format": other_format(listing)}
        return {"facts": facts}
    manifest = read_manifest(folder, kind)
    _check_kind(listing, kind, manifest)
    facts = _FACTS.get(kind, _no_facts)(manifest.content)
    inputs = manifest.inputs
    return {
        "created": manifest.created,
        "bytes": sum(manifest.files.values()),
        "facts": facts,
        "model_fingerprint": inputs.get("model", ""),
        "dictionary_fingerprint": inputs.get("dictionary", ""),
    }


def _check_kind(listing: Listing, kind: EntryKind, manifest: Manifest) -> None:
    """That a folder is what its manifest says, as far as the names of its files tell."""
    missing = [name for name in OWN_FILES.get(kind, ()) if name not in listing.files]
    if kind == "store" and not _list(manifest.content, "shards"):
        missing = ["shards"]
    if missing:
        raise MicrotomeError(f"{listing.path} is no {kind}: it has no {missing[0]}; make it again")


def _time(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""  # a file may claim to be of the year 10,000


# -- figures by kind ---------------------------------------------------------------------------
# A manifest may be of any version and hand: what is not there is left out.


def _no_facts(content: dict[str, Any]) -> Facts:
    return {}


def _dictionary_facts(content: dict[str, Any]) -> Facts:
    features = _list(content, "features")
    return {
        "kind": _text(content, "kind"),
        "features": sum(n for n in features if isinstance(n, int)),
        "encoders": len(features),
        "activation": _text(content, "activation"),
        "reads": _span(_list(content, "reads")),
    }


def _atlas_facts(content: dict[str, Any]) -> Facts:
    encoders = [e for e in _list(content, "encoders") if isinstance(e, dict)]
    return {
        "features": sum(_number(e, "features") or 0 for e in encoders),
        "encoders": len(encoders),
        "tokens": _number(content, "tokens"),
        "model": _text(content, "model"),
        "dictionary": _text(content, "dictionary"),
    }


def _graph_facts(content: dict[str, Any]) -> Facts:
    counts, scores = content.get("counts"), content.get("scores")
    info = content.get("info")
    counts = counts if isinstance(counts, dict) else {}
    scores = scores if isinstance(scores, dict) else {}
    info = info if isinstance(info, dict) else {}
    return {
        "prompt": _text(content, "prompt"),
        "tokens": len(_list(content, "tokens")),
        "features": _number(counts, "feature"),
        "edges": _number(counts, "edges"),
        "replacement": _number(scores, "replacement"),
        "model": _text(info, "model"),
        "dictionary": _text(info, "dictionary"),
    }


def _evaluation_facts(content: dict[str, Any]) -> Facts:
    names, verdicts = _list(content, "dictionaries"), _list(content, "verdicts")
    return {
        "dictionaries": ", ".join(map(str, names)),
        "verdict": str(verdicts[0]) if len(verdicts) == 1 else "",
    }


def _study_facts(content: dict[str, Any]) -> Facts:
    held, partly, failed = (_number(content, name) or 0 for name in ("holds", "partly", "fails"))
    total = held + partly + failed
    return {
        "study": _text(content, "study"),
        "claims": f"{held} of {total} hold" if total else "",
        "model": _text(content, "model"),
        "dictionary": _text(content, "dictionary"),
        "kind": _text(content, "dictionary_kind"),
    }


def _store_facts(content: dict[str, Any]) -> Facts:
    return {
        "rows": _number(content, "rows"),
        "sites": _span(_list(content, "sites")),
        "dtype": _text(content, "dtype"),
    }


_FACTS: dict[str, Callable[[dict[str, Any]], Facts]] = {
    "dictionary": _dictionary_facts,
    "atlas": _atlas_facts,
    "graph": _graph_facts,
    "evaluation": _evaluation_facts,
    "study": _study_facts,
    "store": _store_facts,
}


def _model_facts(folder: Path) -> Facts:
    config = read_json(folder / "config.json")
    names = {
        "family": ("model_type",),
        "layers": ("num_hidden_layers", "n_layer"),
        "width": ("hidden_size", "n_embd"),
        "vocabulary": ("vocab_size",),
    }
    found = {
        fact: next((config[name] for name in keys if name in config), None)
        for fact, keys in names.items()
    }
    return {k: v for k, v in found.items() if isinstance(v, str | int | float)}


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _number(content: dict[str, Any], name: str) -> int | float | None:
    value = content.get(name)
    return value if isinstance(value, int | float) else None


def _list(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    return value if isinstance(value, list) else []


def _span(sites: list[Any]) -> str:
    names = [str(site) for site in sites]
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}" if names else ""


def manifest_of(folder: Path) -> Manifest | None:
    """The manifest of an artifact folder; None for formats without one."""
    return read_manifest(folder, files=False) if is_file(folder / FILE_NAME) else None
