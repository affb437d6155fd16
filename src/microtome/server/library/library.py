"""All artifacts of the served folders and the bundled specimens, by opaque id."""

import os
import threading
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from microtome.artifact.manifest import FILE_NAME
from microtome.artifact.readable import is_file
from microtome.errors import MicrotomeError
from microtome.server.library.describe import manifest_of
from microtome.server.library.fingerprints import Fingerprint, Fingerprints
from microtome.server.library.found import Found, Signature, entry_id
from microtome.server.library.roots import Roots
from microtome.server.library.scanner import Scan, Scanner, leads_out
from microtome.server.library.specimens import specimen_name, specimen_parts
from microtome.server.schema import Entry, EntryDetail, EntryKind, Library
from microtome.specimen.load import PREFIX

_PATIENCE = 2.0
"""Seconds to wait for fingerprints that are being computed."""
FRESH_SECONDS = 1.0
"""For how long a scan is believed."""
_WEIGHTS: tuple[EntryKind, ...] = ("model", "dictionary")


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
        self._specimens = specimen_parts() if specimens else {}
        self._scanner = Scanner(self.roots, self._specimens)
        self._lock = threading.Lock()
        self._scan = Scan({}, {})
        self._scanned = -FRESH_SECONDS

    # -- what is there -------------------------------------------------------------------------

    def library(self) -> Library:
        """All entries, the newest first."""
        for found in self.scan().values():
            self.entry(found)  # fingerprints are looked for
        self.fingerprints.settle(_PATIENCE / 4)
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
        """Whether new graphs can be saved, and would be found."""
        if self.out not in self.roots.folders and is_file(self.out.parent / FILE_NAME):
            return False  # an artifact itself, into which nothing else belongs
        place = self.out
        while not os.access(place, os.F_OK):
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
            raise MicrotomeError(leads_out(out))
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
            other = self.by_fingerprint(kind, fingerprint) or self._by_name(
                kind, str(entry.facts.get(kind) or ""), fingerprint
            )
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
        found = self._with_fingerprint(kind, fingerprint)
        if found is None and not self.fingerprints.settle(0.0):
            self.fingerprints.settle(_PATIENCE)  # it may be among those that are being read
            found = self._with_fingerprint(kind, fingerprint)
        return found

    def _with_fingerprint(self, kind: EntryKind, fingerprint: str) -> Found | None:
        same = [
            found
            for found in self.scan().values()
            if found.entry.kind == kind and self.entry(found).fingerprint == fingerprint
        ]
        return min(same, key=lambda f: (not self._is_specimen(f), f.entry.path), default=None)

    def _by_name(self, kind: EntryKind, name: str, fingerprint: str) -> Found | None:
        """One of a name, where weights are too large to have told their fingerprint."""
        same = [
            found
            for found in self.scan().values()
            if found.entry.kind == kind
            and name in (found.source, found.entry.name)
            and self.entry(found).fingerprint in ("", fingerprint)
        ]
        return same[0] if name and len(same) == 1 else None

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
        return self._scan.labels

    def close(self) -> None:
        self.fingerprints.close()

    # -- scanning ------------------------------------------------------------------------------

    def scan(self, fresh: bool = False) -> dict[str, Found]:
        """What is there, by id; looked up again when a second has passed."""
        with self._lock:
            if fresh or time.monotonic() - self._scanned > FRESH_SECONDS:
                self._scan = self._scanner.scan()
                self._scanned = time.monotonic()
            return self._scan.found

    def _is_specimen(self, found: Found) -> bool:
        return found.source in self._specimens


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
