"""What people write about features and graphs: labels, notes, ratings, supernodes; never lost."""

from microtome.annotation.annotations import Annotations, open_annotations
from microtome.annotation.conflict import EditConflict
from microtome.annotation.exchange import Imported
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

__all__ = [
    "Annotation",
    "AnnotationIn",
    "AnnotationKey",
    "Annotations",
    "EditConflict",
    "Imported",
    "Revision",
    "Supernode",
    "SupernodeIn",
    "SupernodeKey",
    "SupernodeRevision",
    "open_annotations",
]
