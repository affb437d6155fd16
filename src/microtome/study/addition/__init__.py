"""The addition study: are there two paths, and are they the model's own?"""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.study.addition.document import AdditionOptions, AdditionStudy, Claim
    from microtome.study.addition.save import save_addition
    from microtome.study.addition.study import addition_study

__all__ = ["AdditionOptions", "AdditionStudy", "Claim", "addition_study", "save_addition"]

lazy_face(
    __name__,
    {
        "document": "AdditionOptions AdditionStudy Claim",
        "save": "save_addition",
        "study": "addition_study",
    },
)
