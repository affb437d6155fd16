"""Evaluation: so far, how far the whole replacement model agrees with the model."""

from microtome.evaluation.replacement import agreement, replacement_edits

__all__ = ["agreement", "replacement_edits"]
