"""All artifacts of the served folders and the bundled specimens, by opaque id."""

import os
import threading
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from microtome.artifact.manifest import FILE_NAME
from microtome.errors import MicrotomeError
from microtome.server.library.describe import (
    describe_folder,
    describe_graph_file,
    manifest_of,
)
from microtome.server.library.fingerprints import Fingerprint, Fingerprints
from microtome.server.library.found import Found, Signature, entry_id, signature_of
from microtome.server.library.recognise import ArtifactKind, folder_kind
from microtome.server.library.roots import Roots
from microtome.server.library.specimens import specimen_name, specimen_parts
from microtome.server.library.tree import Listing, Tree
from microtome.server.schema import Entry, EntryDetail, EntryKind, Library
from microtome.specimen.load import PREFIX

FRESH_SECONDS = 1.0
"""For how long a scan is believed."""
_WEIGHTS: tuple[EntryKind, ...] = ("model", "dictionary")
_Kind = tuple[Signature, ArtifactKind | None]
_INDEX = "graph-metadata.json"


class NotThere(MicrotomeError):
    """No entry has the id, or it is of another kind."""


class ArtifactLibrary:
    """Finds artifacts, and nothing else; every path that is opened comes from here."""

    def __init__(self, folders: Sequence[Path], out: Path | None = None, specimens: bool = True):
        """Serve some folders.

        Args:
            folders: where artifacts are looked for, at any depth.
            out: where new graphs go; by default `traces` in the first folder.
            specimens: whether the bundled specimens are among the entries.

        Raises:
            MicrotomeError: a folder that does not exist or may not be read.
        """
        self.roots = Roots(folders if out is None else (*folders, _made(out)))
        self.given = tuple(map(str, folders))
        self.out = self.roots.folders[-1] if out is not None else self.roots.folders[0] / "traces"
        self.fingerprints = Fingerprints()
        self._tree = Tree(self.roots)
        self._specimens = specimen_parts() if specimens else {}
        self._lock = threading.Lock()
        self._found: dict[str, Found] = {}
        self._labels: dict[Path, Signature] = {}
        self._kinds: dict[Listing, _Kind] = {}
        self._scanned = -FRESH_SECONDS

    # -- what is there -------------------------------------------------------------------------

    def library(self) -> Library:
        """All entries, the newest first."""
        entries = [self.entry(found) for found in self.scan().values()]
        entries.sort(key=lambda entry: entry.created, reverse=True)
        return Library(
            version=_version(),
            folders=list(self.given),
            entries=entries,
            can_write=self.can_write,
        )

    @property
    def can_write(self) -> bool:
        """Whether new graphs can be saved."""
        place = self.out
        while not place.exists():
            place = place.parent
        return os.access(place, os.W_OK)

    def entry(self, found: Found) -> Entry:
        """With the fingerprint of weights, if it is known by now."""
        if found.entry.kind not in _WEIGHTS or found.entry.problem:
            return found.entry
        known = self.fingerprints.of(found)
        if known is None:
            return found.entry
        model = found.entry.model_fingerprint or known.model
        return found.entry.model_copy(
            update={
                "fingerprint": known.weights,
                "model_fingerprint": model,
                "problem": known.problem,
            }
        )

    def learn(self, found: Found, fingerprint: Fingerprint) -> None:
        self.fingerprints.learn(found, fingerprint)

    def find(self, id: str, *kinds: EntryKind) -> Found:
        """The artifact with an id, checked anew.

        Raises:
            NotThere: no such entry, or one of another kind.
            MicrotomeError: it cannot be opened.
        """
        found = self.scan().get(id) or self.scan(fresh=True).get(id)
        if found is None or (kinds and found.entry.kind not in kinds):
            what = kinds[0] if len(kinds) == 1 else "artifact"
            raise NotThere(f"no {what} has this id; look at the library again")
        if found.entry.problem:
            raise MicrotomeError(found.entry.problem)
        if not self._is_specimen(found) and (out := self.roots.leads_out(found.path)):
            raise MicrotomeError(_leads_out(out))
        return found

    def named(self, name: str, kind: EntryKind) -> Found:
        """The artifact with an id, or a part of a specimen by name.

        Raises:
            MicrotomeError: as `find`, or no such specimen.
        """
        if name.startswith(PREFIX):
            return self.find(entry_id(specimen_name(name, kind)), kind)
        return self.find(name, kind)

    def detail(self, id: str) -> EntryDetail:
        """An entry with its manifest and the ids of what belongs to it; broken ones too.

        Raises:
            NotThere: no such entry.
        """
        found = self.scan().get(id) or self.scan(fresh=True).get(id)
        if found is None:
            raise NotThere("no artifact has this id; look at the library again")
        manifest: dict[str, Any] | None = None
        if found.path.is_dir() and not found.entry.problem:
            read = manifest_of(found.path)
            manifest = read.model_dump() if read else None
        entry = self.entry(found)
        return EntryDetail(**entry.model_dump(), manifest=manifest, links=self.links(entry))

    def links(self, entry: Entry) -> dict[str, str]:
        """Ids of the model, the dictionary and the atlas that belong to an entry."""
        dictionary = entry.dictionary_fingerprint
        if entry.kind == "dictionary":
            dictionary = entry.fingerprint
        wanted: dict[EntryKind, str] = {"model": entry.model_fingerprint, "dictionary": dictionary}
        links: dict[str, str] = {}
        for kind, fingerprint in wanted.items():
            other = self.by_fingerprint(kind, fingerprint)
            if other is not None and other.entry.id != entry.id:
                links[kind] = other.entry.id
        atlas = self.atlas_of(dictionary)
        if atlas is not None and atlas.entry.id != entry.id:
            links["atlas"] = atlas.entry.id
        return links

    def by_fingerprint(self, kind: EntryKind, fingerprint: str) -> Found | None:
        """A model or dictionary with this fingerprint; a specimen rather than a copy of it."""
        if not fingerprint:
            return None
        same = [
            found
            for found in self.scan().values()
            if found.entry.kind == kind and self.entry(found).fingerprint == fingerprint
        ]
        return min(same, key=lambda f: (not self._is_specimen(f), f.entry.path), default=None)

    def atlas_of(self, dictionary: str) -> Found | None:
        """The newest atlas of the dictionary with a fingerprint."""
        same = [
            found
            for found in self.scan().values()
            if found.entry.kind == "atlas"
            and not found.entry.problem
            and found.entry.dictionary_fingerprint == dictionary
        ]
        return max(same, key=lambda f: f.entry.created, default=None) if dictionary else None

    def label_folders(self) -> dict[Path, Signature]:
        """Folders of labels by language models."""
        self.scan()
        return self._labels

    def close(self) -> None:
        self.fingerprints.close()

    # -- scanning ------------------------------------------------------------------------------

    def scan(self, fresh: bool = False) -> dict[str, Found]:
        """What is there, by id; looked up again when a second has passed."""
        with self._lock:
            if fresh or time.monotonic() - self._scanned > FRESH_SECONDS:
                self._found = self._scan()
                self._scanned = time.monotonic()
            return self._found

    def _scan(self) -> dict[str, Found]:
        before, found = self._found, {}
        kinds: dict[Listing, _Kind] = {}

        def enter(listing: Listing) -> bool:
            """What microtome wrote is not looked into, but for runs, which hold dictionaries."""
            kind = kinds[listing][1]
            return kind in (None, "run") or FILE_NAME not in listing.files

        for name, (folder, kind) in self._specimens.items():
            one = before.get(entry_id(name)) or self._specimen(name, folder, kind)
            found[one.entry.id] = one
        for listing in self._tree.walk(enter):
            kinds[listing] = self._kind(listing)
            for one in self._in_folder(listing, kinds[listing], before):
                found.setdefault(one.entry.id, one)
        self._kinds = kinds
        self._labels = {
            listing.path: signature
            for listing, (signature, kind) in kinds.items()
            if kind == "labels" and not self.roots.leads_out(listing.path)
        }
        return found

    def _kind(self, listing: Listing) -> _Kind:
        signature = signature_of(listing.path) if listing.files else ()
        known = self._kinds.get(listing)
        if known is not None and known[0] == signature:
            return known
        return signature, folder_kind(listing)

    def _in_folder(
        self,
        listing: Listing,
        kind: _Kind,
        before: dict[str, Found],
    ) -> list[Found]:
        signature, what = kind
        if what == "labels":
            return []
        if what is not None:
            return [self._folder(listing, what, signature, before)]
        names = [n for n in sorted(listing.files) if n.endswith(".json") and n != _INDEX]
        graphs = [self._graph_file(listing.path / name, before) for name in names]
        return [found for found in graphs if found is not None]

    def _folder(
        self, listing: Listing, kind: EntryKind, signature: Signature, before: dict[str, Found]
    ) -> Found:
        known = before.get(entry_id(listing.path))
        if known is not None and known.signature == signature and known.entry.kind == kind:
            return known
        out = self.roots.leads_out(listing.path)
        shown = self.roots.shown(listing.path)
        entry = describe_folder(listing, kind, shown, signature, _leads_out(out) if out else "")
        return Found(entry, listing.path, signature, str(listing.path))

    def _graph_file(self, path: Path, before: dict[str, Found]) -> Found | None:
        if path.is_symlink() and not self.roots.contain(path):
            return None
        signature = signature_of(path)
        known = before.get(entry_id(path))
        if known is not None and known.signature == signature:
            return known
        entry = describe_graph_file(path, self.roots.shown(path), signature) if signature else None
        return Found(entry, path, signature, str(path)) if entry else None

    def _specimen(self, name: str, folder: Path, kind: EntryKind) -> Found:
        signature = signature_of(folder)
        names = frozenset(name for name, _, _ in signature)
        entry = describe_folder(Listing(folder, names, (), -1), kind, name, signature)
        entry = entry.model_copy(update={"id": entry_id(name), "name": name})
        return Found(entry, folder, signature, name)

    def _is_specimen(self, found: Found) -> bool:
        return found.source in self._specimens


def _leads_out(path: Path) -> str:
    return (
        f"{path.name} is a link that leads out of the folders served; serve the folder that it "
        f"leads to, or copy it"
    )


def _made(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MicrotomeError(f"cannot write graphs to {out}: {error.strerror}") from error
    return out


def _version() -> str:
    try:
        return version("microtome")
    except PackageNotFoundError:
        return "0"
