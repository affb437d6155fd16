"""Models and dictionaries in memory: the last ones used, so that a second question is quick."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from microtome.server.library import ArtifactLibrary, Found
from microtome.server.library.fingerprints import Fingerprint

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

KEPT = 2
"""Of either."""

_T = TypeVar("_T")


class Recent(Generic[_T]):
    """The things used last, made again when the artifact has changed."""

    def __init__(self, make: Callable[[Found], _T], kept: int = KEPT):
        self._make, self._kept = make, kept
        self._held: OrderedDict[str, tuple[Found, _T]] = OrderedDict()

    def get(self, found: Found) -> _T:
        """As `make` made it."""
        id = found.entry.id
        held = self._held.pop(id, None)
        if held is None or held[0].signature != found.signature:
            held = None  # what is outdated goes before the new one comes
            while len(self._held) >= self._kept:
                self._held.popitem(last=False)
            held = (found, self._make(found))
        self._held[id] = held
        return held[1]


class Loaded:
    """For the thread of jobs alone."""

    def __init__(self, library: ArtifactLibrary):
        self._library = library
        self._models = Recent(self._load_model)
        self._dictionaries = Recent(self._load_dictionary)

    def model(self, found: Found) -> "LanguageModel":
        """A model, on the best device at hand.

        Raises:
            MicrotomeError: it cannot be read.
        """
        return self._models.get(found)

    def dictionary(self, found: Found) -> "Dictionary":
        """A dictionary.

        Raises:
            MicrotomeError: it cannot be read.
        """
        return self._dictionaries.get(found)

    def _load_model(self, found: Found) -> "LanguageModel":
        from microtome.specimen import load_model

        model = load_model(found.source)
        self._library.learn(found, Fingerprint(model.fingerprint))
        return model

    def _load_dictionary(self, found: Found) -> "Dictionary":
        from microtome.dictionary.formats.hub import offline
        from microtome.specimen import load_dictionary

        with offline():  # what lies in a served folder may name files on the hub
            dictionary = load_dictionary(found.source)
        self._library.learn(found, Fingerprint(dictionary.fingerprint, dictionary.model))
        return dictionary
