"""Supernodes: the features of a pruned graph grouped by role, and how good the groups are."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.circuit.supernode.agreement import Agreement, agreement
    from microtome.circuit.supernode.collapse import Collapsed
    from microtome.circuit.supernode.grouping import (
        Group,
        Grouping,
        GroupOptions,
        group,
        saved_groups,
    )
    from microtome.circuit.supernode.quality import Quality

__all__ = ["Agreement", "Collapsed", "Group", "GroupOptions", "Grouping", "Quality"]
__all__ += ["agreement", "group", "saved_groups"]

lazy_face(
    __name__,
    {
        "agreement": "Agreement agreement",
        "collapse": "Collapsed",
        "grouping": "Group GroupOptions Grouping group saved_groups",
        "quality": "Quality",
    },
)
