"""A Hugging Face model under hooks: sites, one adapter row per family, run, capture, generate."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.model.adapter import ADAPTERS, Adapter
    from microtome.model.language_model import LanguageModel, Run
    from microtome.model.site import Site

__all__ = ["ADAPTERS", "Adapter", "LanguageModel", "Run", "Site"]

lazy_face(
    __name__,
    {"adapter": "ADAPTERS Adapter", "language_model": "LanguageModel Run", "site": "Site"},
)
