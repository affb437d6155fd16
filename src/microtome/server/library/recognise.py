"""What a folder or a file is, from its names and a few bytes."""

import json
import re
from pathlib import Path
from typing import Any, Literal, get_args

from microtome.artifact.json_file import read_json
from microtome.artifact.manifest import FILE_NAME
from microtome.artifact.names import EVALUATION, METRICS, RECIPE, REPORT
from microtome.artifact.readable import is_file
from microtome.dictionary.formats.detect import format_of
from microtome.errors import MicrotomeError
from microtome.explain.artifact import KIND as LABELS
from microtome.server.library.tree import Listing
from microtome.server.schema import EntryKind

ArtifactKind = EntryKind | Literal["labels"]
"""Labels by a language model show where features show, so they are no entries of their own."""
_MANIFEST_KINDS = frozenset((*get_args(EntryKind), LABELS))
OWN_FILES: dict[EntryKind, tuple[str, ...]] = {
    "graph": ("nodes.json", "edges.safetensors"),
    "atlas": ("features.parquet", "examples.parquet"),
    "evaluation": (EVALUATION,),
    "study": (REPORT,),
    "dictionary": ("weights.safetensors",),
    "model": ("config.json",),
}
"""Files that every artifact of a kind has beside its manifest."""
_CIRCUIT_TRACER = re.compile(r"(layer_|W_enc_)\d+\.safetensors")
_WEIGHTS = re.compile(r"(model|pytorch_model).*\.(safetensors|bin)(\.index\.json)?")
_HEAD = 1 << 20
_GRAPH_BYTES = 512 << 20


def folder_kind(listing: Listing) -> ArtifactKind | None:
    """What kind of artifact a folder is; None where it is only a folder."""
    if has_manifest(listing) and (kind := manifest_kind(listing.path) or _damaged_kind(listing)):
        return kind
    try:
        return _other_kind(listing)
    except OSError:
        return None  # not for us to read, or gone


def has_manifest(listing: Listing) -> bool:
    """Whether a folder has a manifest, or something that stands in its place."""
    return FILE_NAME in listing.files or FILE_NAME in listing.folders


def _damaged_kind(listing: Listing) -> EntryKind | None:
    """What a folder was whose manifest does not tell, by the files beside it; those of models and
    studies are called what others call theirs."""
    for kind, names in OWN_FILES.items():
        if kind not in ("model", "study") and listing.files.issuperset(names):
            return kind
    return None


def _other_kind(listing: Listing) -> ArtifactKind | None:
    """What a folder without a manifest is."""
    folder, files = listing.path, listing.files
    if METRICS in files or (RECIPE in files and _is_recipe(folder / RECIPE)):
        return "run"
    if "config.json" in files and any(_WEIGHTS.fullmatch(name) for name in files):
        return "model"
    return "dictionary" if other_format(listing) else None


def kind_at(folder: Path) -> ArtifactKind | None:
    """The same of a folder that nobody has listed."""
    names = frozenset(path.name for path in folder.iterdir() if is_file(path))
    return folder_kind(Listing(folder, names, (), -1))


def _is_recipe(path: Path) -> bool:
    """Whether a run has begun here that has reported nothing yet."""
    try:
        recipe = read_json(path)
    except MicrotomeError:
        return False
    return "steps" in recipe and "dictionary" in recipe


def manifest_kind(folder: Path) -> ArtifactKind | None:
    """The kind that a manifest names, if it is one of ours."""
    try:
        kind = read_json(folder / FILE_NAME).get("kind")
    except MicrotomeError:
        return None
    known = isinstance(kind, str) and kind in _MANIFEST_KINDS
    return kind if known else None  # pyright: ignore[reportReturnType]


def other_format(listing: Listing) -> str | None:
    """The other tool whose format a dictionary has."""
    tool = format_of(listing.path) if listing.files else None
    if tool == "circuit-tracer" and not any(map(_CIRCUIT_TRACER.fullmatch, listing.files)):
        return None  # many programs have a config.yaml
    return tool


def graph_metadata(path: Path) -> dict[str, Any] | None:
    """The metadata of a graph in Neuronpedia's format, from the head of a file; None for others."""
    try:
        if not 100 < path.stat().st_size <= _GRAPH_BYTES:
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", errors="replace")
    except OSError:
        return None
    at = re.search(r'"metadata"\s*:\s*(?=\{)', head)
    if at is None or not re.search(r'"(qParams|nodes|links)"\s*:', head):
        return None
    try:
        metadata, _ = json.JSONDecoder().raw_decode(head, at.end())
        json.dumps(metadata, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    graph = isinstance(metadata, dict) and isinstance(metadata.get("prompt_tokens"), list)
    return metadata if graph else None
