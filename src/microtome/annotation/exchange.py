"""All edits as one JSON document, to move between databases."""

from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from microtome.annotation.database import Database
from microtome.annotation.ledger import FEATURES, GROUPS, Ledger
from microtome.annotation.schema import Revision, SupernodeRevision
from microtome.annotation.tables import REVISIONS
from microtome.errors import MicrotomeError

SCHEMA_VERSION = 1


class Exported(BaseModel):
    """Every edit, in order of what it is about and of version."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["annotations"] = "annotations"
    schema_version: int = SCHEMA_VERSION
    annotations: list[Revision]
    supernodes: list[SupernodeRevision] = []


class Imported(BaseModel):
    """What became of the annotations and supernodes of a document."""

    model_config = ConfigDict(extra="forbid")

    added: int = 0
    """There was nothing; the whole history was taken over."""
    same: int = 0
    """What stands says the same."""
    changed: int = 0
    """Something else stood; the document's last edit now follows it."""
    conflicts: int = 0
    """Something else stands and was left alone."""


def export_json(database: Database, dictionary: str | None = None) -> dict[str, Any]:
    where = [] if dictionary is None else [REVISIONS.c.dictionary == dictionary]
    with database.reading() as connection:
        exported = Exported(
            annotations=FEATURES.all_revisions(connection, *where),
            supernodes=[] if dictionary is not None else GROUPS.all_revisions(connection),
        )
    return exported.model_dump(mode="json")


def import_json(database: Database, document: object, overwrite: bool = False) -> Imported:
    exported = _validate(document)
    outcomes: Counter[str] = Counter()
    try:
        with database.writing() as connection:
            for edits in _histories(FEATURES, exported.annotations):
                outcomes[_take_over(FEATURES, connection, edits, overwrite)] += 1
            for edits in _histories(GROUPS, exported.supernodes):
                outcomes[_take_over(GROUPS, connection, edits, overwrite)] += 1
    except IntegrityError as error:
        raise MicrotomeError(
            "somebody annotated the same at the same time, so nothing was imported; import again"
        ) from error
    return Imported(**outcomes)


def _histories(ledger: Ledger, revisions: list) -> list[list]:
    """The edits of each annotation or supernode.

    Raises:
        MicrotomeError: a history is not whole: versions 1, 2, 3, ...
    """
    found: dict[tuple, list] = {}
    for revision in revisions:
        found.setdefault(ledger.identity(revision), []).append(revision)
    for identity, edits in found.items():
        versions = [edit.version for edit in edits]
        if versions != [*range(1, len(edits) + 1)]:
            raise MicrotomeError(
                f"not exported annotations: {identity} has the versions {versions}, which is not a "
                f"whole history; give what export_json made"
            )
    return [*found.values()]


def _take_over(ledger: Ledger, connection: Connection, edits: list, overwrite: bool) -> str:
    """Write the history of one document, or its last edit; returns the field of `Imported`."""
    last, current = edits[-1], ledger.current(connection, edits[-1])
    if current is None:
        for edit in edits:
            ledger.write(connection, edit, replaces=False, stands=edit is last)
        return "added"
    if _said(current) == _said(last):
        return "same"
    if not overwrite:
        return "conflicts"
    following = ledger.revision(**{**last.model_dump(), "version": current.version + 1})
    ledger.write(connection, following, replaces=True)
    return "changed"


def _said(document: BaseModel) -> dict[str, Any]:
    return document.model_dump(exclude={"version", "updated", "author"})


def _validate(document: object) -> Exported:
    version = document.get("schema_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise MicrotomeError(
            f"these annotations were exported by a newer microtome (schema {version}); upgrade to "
            f"import them"
        )
    try:
        return Exported.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise MicrotomeError(
            f"not exported annotations: {where}: {first['msg']}; give what export_json made"
        ) from error
