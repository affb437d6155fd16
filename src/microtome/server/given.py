"""Labels that were given to features after the atlas was made: by people, by language models."""

from microtome.server.notebook import Notebook

Key = tuple[int, int]
"""Encoder and feature."""
Labelled = dict[Key, tuple[str, str]]
"""Label and source."""


class GivenLabels:
    """What people and language models call features, by the fingerprint of the dictionary."""

    def __init__(self, notebook: Notebook):
        self._notebook = notebook

    def of(self, dictionary: str) -> Labelled:
        """All of a dictionary; a person's comes before a language model's."""
        people = self._notebook.labels(dictionary)
        return {key: (label, "person") for key, label in people.items()}
