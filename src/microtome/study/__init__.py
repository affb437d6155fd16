"""Studies: a published finding put to a model of known mechanism, with controls."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.study.addition import (
        AdditionOptions,
        AdditionStudy,
        addition_study,
        save_addition,
    )

__all__ = ["AdditionOptions", "AdditionStudy", "addition_study", "save_addition"]

lazy_face(__name__, {"addition": "AdditionOptions AdditionStudy addition_study save_addition"})
