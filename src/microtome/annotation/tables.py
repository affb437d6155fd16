"""The tables: for annotations and for supernodes one of what stands and one of every edit."""

from sqlalchemy import JSON, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()
VERSION_TABLE = "annotation_schema"
"""Where alembic keeps the version; a name of our own, since a database may be shared."""


def _annotation_columns() -> list[Column]:
    return [
        Column("dictionary", String(200), primary_key=True),
        Column("encoder", Integer, primary_key=True, autoincrement=False),
        Column("feature", Integer, primary_key=True, autoincrement=False),
        Column("label", String(500), nullable=False),
        Column("note", Text, nullable=False),
        Column("rating", Integer),
        *_edit_columns(),
    ]


def _supernode_columns() -> list[Column]:
    return [
        Column("graph", String(200), primary_key=True),
        Column("name", String(500), primary_key=True),
        Column("members", JSON, nullable=False),
        Column("note", Text, nullable=False),
        *_edit_columns(),
    ]


def _edit_columns() -> list[Column]:
    return [
        Column("author", String(100), nullable=False),
        Column("updated", String(40), nullable=False),
    ]


def _version(primary: bool) -> Column:
    """A primary key of revisions: two edits of one version cannot both be there."""
    return Column("version", Integer, nullable=False, primary_key=primary, autoincrement=False)


ANNOTATIONS = Table(
    "annotations",
    metadata,
    *_annotation_columns(),
    _version(primary=False),
    # label and note as they are searched: the databases disagree on what lower case is
    Column("folded", Text, nullable=False),
    Index("annotations_updated", "updated"),
)
REVISIONS = Table("annotation_revisions", metadata, *_annotation_columns(), _version(primary=True))
SUPERNODES = Table("supernodes", metadata, *_supernode_columns(), _version(primary=False))
SUPERNODE_REVISIONS = Table(
    "supernode_revisions", metadata, *_supernode_columns(), _version(primary=True)
)
