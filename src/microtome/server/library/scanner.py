"""Looking for artifacts, again and again: what has not changed is not read a second time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from microtome.artifact.manifest import FILE_NAME
from microtome.server.library.describe import describe_folder, describe_graph_file
from microtome.server.library.found import Found, Signature, entry_id, signature_of
from microtome.server.library.recognise import ArtifactKind, folder_kind
from microtome.server.library.roots import Roots
from microtome.server.library.tree import Listing, Tree
from microtome.server.schema import EntryKind

_INDEX = "graph-metadata.json"


@dataclass(frozen=True)
class Scan:
    """What was found."""

    found: dict[str, Found]
    """By id."""
    labels: dict[Path, Signature]
    """Folders of labels by language models."""


class Scanner:
    """Scans folders; for one thread at a time."""

    def __init__(self, roots: Roots, specimens: Mapping[str, tuple[Path, EntryKind]]):
        self._roots, self._tree = roots, Tree(roots)
        self._specimens = [self._specimen(name, *part) for name, part in specimens.items()]
        self._found: dict[str, Found] = {}
        self._kinds: dict[Listing, tuple[Signature, ArtifactKind | None]] = {}
        self._files: dict[Path, tuple[Signature, Found | None]] = {}
        """Files that may be graphs, and whether they are."""

    def scan(self) -> Scan:
        """What is there now."""
        found = {one.entry.id: one for one in self._specimens}
        kinds: dict[Listing, tuple[Signature, ArtifactKind | None]] = {}
        files: dict[Path, tuple[Signature, Found | None]] = {}

        def enter(listing: Listing) -> bool:
            """What microtome wrote is not looked into, but for runs, which hold dictionaries."""
            return kinds[listing][1] in (None, "run") or FILE_NAME not in listing.files

        for listing in self._tree.walk(enter):
            signature, kind = kinds[listing] = self._kind(listing)
            if kind is None:
                paths = [listing.path / name for name in sorted(listing.files)]
                graphs = {path: self._graph(path) for path in paths if _may_be_graph(path)}
                files |= graphs
                here = [one for _, one in graphs.values() if one is not None]
            else:
                here = [] if kind == "labels" else [self._folder(listing, kind, signature)]
            for one in here:
                found.setdefault(one.entry.id, one)
        self._found, self._kinds, self._files = found, kinds, files
        return Scan(found, self._labels())

    def _labels(self) -> dict[Path, Signature]:
        folders = {
            listing.path: signature
            for listing, (signature, kind) in self._kinds.items()
            if kind == "labels"
        }
        return {path: s for path, s in folders.items() if not self._roots.leads_out(path)}

    def _kind(self, listing: Listing) -> tuple[Signature, ArtifactKind | None]:
        try:
            signature = signature_of(listing.path) if listing.files else ()
        except OSError:
            return (), None  # it went away
        known = self._kinds.get(listing)
        if known is not None and known[0] == signature:
            return known
        return signature, folder_kind(listing)

    def _folder(self, listing: Listing, kind: EntryKind, signature: Signature) -> Found:
        known = self._found.get(entry_id(listing.path))
        if known is not None and known.signature == signature and known.entry.kind == kind:
            return known
        out = self._roots.leads_out(listing.path)
        shown = self._roots.shown(listing.path)
        entry = describe_folder(listing, kind, shown, signature, leads_out(out) if out else "")
        return Found(entry, listing.path, signature, str(listing.path))

    def _graph(self, path: Path) -> tuple[Signature, Found | None]:
        try:
            if path.is_symlink() and not self._roots.contain(path):
                return (), None
            signature = signature_of(path)
        except OSError:
            return (), None  # not for us to read, or gone
        known = self._files.get(path)
        if known is not None and known[0] == signature:
            return known
        shown = self._roots.shown(path)
        entry = describe_graph_file(path, shown, signature) if signature else None
        return signature, Found(entry, path, signature, str(path)) if entry else None

    def _specimen(self, name: str, folder: Path, kind: EntryKind) -> Found:
        signature = signature_of(folder)
        names = frozenset(name for name, _, _ in signature)
        entry = describe_folder(Listing(folder, names, (), -1), kind, name, signature)
        entry = entry.model_copy(update={"id": entry_id(name), "name": name})
        return Found(entry, folder, signature, name)


def leads_out(path: Path) -> str:
    """The sentence about an artifact with a link to somewhere else."""
    return (
        f"{path.name} is a link that leads out of the folders served; serve the folder that it "
        f"leads to, or copy it"
    )


def _may_be_graph(path: Path) -> bool:
    return path.suffix == ".json" and path.name != _INDEX
