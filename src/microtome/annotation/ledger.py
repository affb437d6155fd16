"""Documents with versions: what stands, and every edit that led there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from microtome.annotation.conflict import EditConflict
from microtome.annotation.database import Database
from microtome.annotation.fold import fold
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
from microtome.annotation.tables import ANNOTATIONS, REVISIONS, SUPERNODE_REVISIONS, SUPERNODES

_Stands = TypeVar("_Stands", Annotation, Supernode)
_Kept = TypeVar("_Kept", Revision, SupernodeRevision)
_Edit = AnnotationIn | SupernodeIn
_Key = AnnotationKey | SupernodeKey


@dataclass(frozen=True)
class Ledger(Generic[_Stands, _Kept]):
    """One kind of document, in two tables.

    An edit names the version that it started from, and is refused where that is no longer the
    current one. What was accepted is a row of `revisions`, to which rows are only added.
    """

    stands: Table
    revisions: Table
    key: tuple[str, ...]
    document: type[_Stands]
    revision: type[_Kept]

    def get(self, database: Database, key: _Key) -> _Stands | None:
        """What stands, deletions too."""
        with database.reading() as connection:
            return self._current(connection, self._values(key))

    def put(self, database: Database, edit: _Edit) -> _Stands:
        """Accept an edit; when this returns it is on disk.

        A first edit, version 0, may also follow a deletion, which its writer does not see.

        Raises:
            EditConflict: it started from another version than the current one.
        """
        key = self._values(edit)
        try:
            with database.writing() as connection:
                current = self._current(connection, key, lock=True)
                version = current.version if current else 0
                if edit.version != version and not (
                    edit.version == 0 and current and current.empty
                ):
                    raise self._conflict(edit, current)
                made = self.document(
                    **edit.model_dump(exclude={"version", "updated"}),
                    version=version + 1,
                    updated=_now(),
                )
                self.write(connection, made, replaces=current is not None)
        except IntegrityError as error:  # two first edits at once, of which the other was faster
            raise self._conflict(edit, self.get(database, edit)) from error
        return made

    def write(
        self, connection: Connection, document: _Stands | _Kept, replaces: bool, stands: bool = True
    ) -> None:
        """Put a row into both tables, or with `stands` false into that of revisions."""
        values = document.model_dump()
        connection.execute(insert(self.revisions).values(values))
        if not stands:
            return
        if "folded" in self.stands.c:
            values["folded"] = fold(values["label"], values["note"])
        change = insert(self.stands)
        if replaces:
            change = update(self.stands).where(self._is(self.stands, self._values(document)))
        connection.execute(change.values(values))

    def history(self, database: Database, key: _Key) -> list[_Kept]:
        """Every edit, the first one first."""
        with database.reading() as connection:
            return self.all_revisions(connection, self._is(self.revisions, self._values(key)))

    def all_revisions(self, connection: Connection, *where: ColumnElement[bool]) -> list[_Kept]:
        """Every edit that is asked for, in order of the key and of version."""
        rows = connection.execute(select(self.revisions).where(*where)).mappings()
        found = [self.revision(**_document(row)) for row in rows]
        return sorted(found, key=lambda r: (self.identity(r), r.version))

    def all(
        self,
        database: Database,
        *where: ColumnElement[bool],
        order: Sequence[ColumnElement] = (),
        limit: int | None = None,
    ) -> list[_Stands]:
        """What stands, without deletions, in order of the key unless another one is given."""
        query = select(self.stands).where(*where).order_by(*order)
        found: list[_Stands] = []
        with database.reading() as connection:
            for row in connection.execute(query).mappings():
                document = self.document(**_document(row))
                if not document.empty:
                    found.append(document)
                if len(found) == limit:
                    break
        # not by the database: each has its own order of text
        return found if order else sorted(found, key=self.identity)

    def identity(self, key: _Key) -> tuple[Any, ...]:
        return tuple(self._values(key).values())

    def current(self, connection: Connection, key: _Key) -> _Stands | None:
        return self._current(connection, self._values(key), lock=True)

    def _current(
        self, connection: Connection, key: dict[str, Any], lock: bool = False
    ) -> _Stands | None:
        query = select(self.stands).where(self._is(self.stands, key))
        found = connection.execute(query.with_for_update() if lock else query)
        row = found.mappings().one_or_none()
        return None if row is None else self.document(**_document(row))

    def _values(self, key: _Key) -> dict[str, Any]:
        return {name: getattr(key, name) for name in self.key}

    def _is(self, table: Table, key: dict[str, Any]) -> ColumnElement[bool]:
        return and_(*(table.c[name] == value for name, value in key.items()))

    def _conflict(self, edit: _Edit, current: _Stands | None) -> EditConflict:
        what = " ".join(f"{name} {value}" for name, value in self._values(edit).items())
        return EditConflict(what, edit.version, current)


def _document(row: Mapping) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if name != "folded"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


FEATURES = Ledger(
    ANNOTATIONS, REVISIONS, ("dictionary", "encoder", "feature"), Annotation, Revision
)
GROUPS = Ledger(SUPERNODES, SUPERNODE_REVISIONS, ("graph", "name"), Supernode, SupernodeRevision)
