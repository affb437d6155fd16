"""A Hugging Face model under hooks: sites, one adapter row per family, run, capture, generate."""

from microtome.model.adapter import ADAPTERS, Adapter
from microtome.model.language_model import LanguageModel, Run
from microtome.model.site import Site

__all__ = ["ADAPTERS", "Adapter", "LanguageModel", "Run", "Site"]
