"""Labels, notes, ratings and supernodes of a database."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from microtome.annotation import exchange
from microtome.annotation.database import Database
from microtome.annotation.exchange import Imported
from microtome.annotation.fold import fold
from microtome.annotation.ledger import FEATURES, GROUPS
from microtome.annotation.schema import (
    Annotation,
    AnnotationIn,
    AnnotationKey,
    Revision,
    Supernode,
    SupernodeIn,
    SupernodeKey,
    SupernodeRevision,
)
from microtome.annotation.tables import ANNOTATIONS, SUPERNODES

DEFAULT_NAME = "annotations.sqlite"

_List = list  # which is the name of a method below


def open_annotations(where: str | Path) -> "Annotations":
    """Open a database of annotations, made or brought to this version where it must be.

    A file that may not or cannot be written now (a read-only folder, a full disk) is read all the
    same; edits are refused.

    Args:
        where: path of an SQLite file, or a URL such as postgresql://user@host/database. On a
            network file system use PostgreSQL: SQLite's write-ahead log needs one machine.

    Raises:
        MicrotomeError: it cannot be opened, is something else, or a newer microtome wrote it.
    """
    return Annotations(Database(where))


class Annotations:
    """What people wrote. Safe to share between threads; processes open their own.

    Every edit names the version that it started from. Where somebody else was faster it is
    refused with `EditConflict`; every edit that was accepted stays in the history, deletions too.
    """

    def __init__(self, database: Database):
        self._database = database

    @property
    def place(self) -> str:
        """Where they are kept, without a password."""
        return self._database.place

    @property
    def read_only(self) -> bool:
        """Whether they can be read, but not written."""
        return self._database.refused is not None

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "Annotations":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- features ------------------------------------------------------------------------------

    def get(self, dictionary: str, encoder: int, feature: int) -> Annotation | None:
        """What stands about a feature; None where nothing does."""
        key = AnnotationKey(dictionary=dictionary, encoder=encoder, feature=feature)
        found = FEATURES.get(self._database, key)
        return None if found is None or found.empty else found

    def put(self, edit: AnnotationIn) -> Annotation:
        """Write an edit; when this returns it is on disk.

        Raises:
            EditConflict: it started from another version than the current one, which the error
                carries.
        """
        return FEATURES.put(self._database, edit)

    def delete(
        self, dictionary: str, encoder: int, feature: int, version: int, author: str = ""
    ) -> Annotation:
        """An edit that leaves nothing; the history keeps what was there."""
        return self.put(
            AnnotationIn(
                dictionary=dictionary,
                encoder=encoder,
                feature=feature,
                version=version,
                author=author,
            )
        )

    def history(self, dictionary: str, encoder: int, feature: int) -> list[Revision]:
        """Every edit of a feature's annotation, the first one first."""
        key = AnnotationKey(dictionary=dictionary, encoder=encoder, feature=feature)
        return FEATURES.history(self._database, key)

    def list(
        self,
        dictionary: str | None = None,
        encoder: int | None = None,
        feature: int | None = None,
    ) -> list[Annotation]:
        """What stands, in order of dictionary, encoder and feature; deletions are left out."""
        given = {"dictionary": dictionary, "encoder": encoder, "feature": feature}
        where = [ANNOTATIONS.c[name] == value for name, value in given.items() if value is not None]
        return FEATURES.all(self._database, *where)

    def search(
        self, text: str, dictionary: str | None = None, limit: int = 100
    ) -> _List[Annotation]:
        """Annotations whose label or note holds a text, in any case; the latest edit first."""
        where = [ANNOTATIONS.c.folded.contains(fold(text), autoescape=True)]
        if dictionary is not None:
            where.append(ANNOTATIONS.c.dictionary == dictionary)
        return FEATURES.all(
            self._database, *where, order=[ANNOTATIONS.c.updated.desc()], limit=limit
        )

    def labels(self, dictionary: str) -> dict[tuple[int, int], str]:
        """Labels of a dictionary's features, by encoder and feature."""
        c = ANNOTATIONS.c
        query = select(c.encoder, c.feature, c.label).where(c.dictionary == dictionary)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(c.label != ""))
            return {(encoder, feature): label for encoder, feature, label in rows}

    # -- supernodes ----------------------------------------------------------------------------

    def supernode(self, graph: str, name: str) -> Supernode | None:
        found = GROUPS.get(self._database, SupernodeKey(graph=graph, name=name))
        return None if found is None or found.empty else found

    def put_supernode(self, edit: SupernodeIn) -> Supernode:
        """Write an edit of a supernode; one without members is its deletion.

        Raises:
            EditConflict: it started from another version than the current one.
        """
        return GROUPS.put(self._database, edit)

    def supernodes(self, graph: str) -> _List[Supernode]:
        """Supernodes of a graph, by name."""
        return GROUPS.all(self._database, SUPERNODES.c.graph == graph)

    def supernode_history(self, graph: str, name: str) -> _List[SupernodeRevision]:
        """Every edit of a supernode, the first one first."""
        return GROUPS.history(self._database, SupernodeKey(graph=graph, name=name))

    # -- files ---------------------------------------------------------------------------------

    def export_json(self, dictionary: str | None = None) -> dict[str, Any]:
        """Every edit, as a document that `import_json` reads.

        Args:
            dictionary: its annotations only, without supernodes.
        """
        return exchange.export_json(self._database, dictionary)

    def import_json(self, document: object, overwrite: bool = False) -> Imported:
        """Take over an exported document: whole histories where there is nothing yet.

        Args:
            document: of `export_json`.
            overwrite: where something else stands, let the document's last edit follow it;
                otherwise it is left alone and reported as a conflict. Nothing is lost either way.

        Raises:
            MicrotomeError: not such a document, or one of a newer microtome.
        """
        return exchange.import_json(self._database, document, overwrite)
