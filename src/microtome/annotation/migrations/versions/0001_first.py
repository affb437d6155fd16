"""Annotations, supernodes, and the revisions of both."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "annotations",
        *_annotation_columns(),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dictionary", "encoder", "feature"),
    )
    op.create_index("annotations_updated", "annotations", ["updated"])
    op.create_table(
        "annotation_revisions",
        *_annotation_columns(),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("dictionary", "encoder", "feature", "version"),
    )
    op.create_table(
        "supernodes",
        *_supernode_columns(),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("graph", "name"),
    )
    op.create_table(
        "supernode_revisions",
        *_supernode_columns(),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("graph", "name", "version"),
    )


def downgrade() -> None:
    for table in ("annotations", "annotation_revisions", "supernodes", "supernode_revisions"):
        op.drop_table(table)


def _annotation_columns() -> list[sa.Column]:
    return [
        sa.Column("dictionary", sa.String(200), nullable=False),
        sa.Column("encoder", sa.Integer, nullable=False),
        sa.Column("feature", sa.Integer, nullable=False),
        sa.Column("label", sa.String(500), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("rating", sa.Integer),
        *_edit_columns(),
    ]


def _supernode_columns() -> list[sa.Column]:
    return [
        sa.Column("graph", sa.String(200), nullable=False),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("members", sa.JSON, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        *_edit_columns(),
    ]


def _edit_columns() -> list[sa.Column]:
    return [
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("updated", sa.String(40), nullable=False),
    ]
