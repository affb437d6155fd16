"""What heads do in features of a dictionary: computed once for as long as the server lives."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from microtome.errors import MicrotomeError
from microtome.server.attention import HeadDetail, HeadRow, Heads
from microtome.server.jobs.loaded import Loaded
from microtome.server.jobs.record import Handle
from microtome.server.labels import Labels
from microtome.server.library import Found
from microtome.server.schema import HeadsJob

if TYPE_CHECKING:
    from torch import Tensor

    from microtome.circuit.head_report import HeadReport
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

LISTED = 12
_KEPT = 200
_Key = tuple[str, str, int | None, int | None]
"""Fingerprints of model and dictionary, layer and head."""


class HeadWork:
    """Makes the work of jobs on heads; for the thread of jobs alone, but for `prepare`."""

    def __init__(self, labels: Labels, loaded: Loaded):
        self._labels, self._loaded = labels, loaded
        self._known: OrderedDict[_Key, Heads] = OrderedDict()

    def prepare(
        self, request: HeadsJob, model: Found, dictionary: Found
    ) -> tuple[str, Callable[[Handle], Heads]]:
        """A title, and what to do on the thread of jobs.

        Raises:
            MicrotomeError: a layer without a head, or the reverse.
        """
        if (request.layer is None) != (request.head is None):
            raise MicrotomeError("a head is named by its layer and its number; name both, or none")
        one = "heads" if request.head is None else f"head {request.layer}.{request.head}"
        title = f"{one} of {model.entry.name}"
        return title, lambda handle: self._heads(handle, request, model, dictionary)

    def _heads(self, handle: Handle, request: HeadsJob, model: Found, dictionary: Found) -> Heads:
        read = self._loaded.dictionary(dictionary)
        handle.check()
        loaded = self._loaded.model(model)
        handle.check()
        key = (loaded.fingerprint, read.fingerprint, request.layer, request.head)
        known = self._known.pop(key, None)
        if known is None:
            handle.progress(0, 1)
            known = _report(loaded, read, request)
            handle.progress(1, 1)
        self._known[key] = known
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._labelled(known, read.fingerprint)

    def _labelled(self, found: Heads, dictionary: str) -> Heads:
        """With the labels of today: people change them."""
        if found.detail is None:
            return found
        document = found.detail.model_dump()
        keys = {_key_of(row["feature"]) for row in _features(document)}
        labels = self._labels.of(dictionary, keys)
        for row in _features(document):
            row["label"] = labels.get(_key_of(row["feature"]), ("", ""))[0]
        return found.model_copy(update={"detail": HeadDetail.model_validate(document)})


def _features(document: dict[str, Any]) -> list[dict[str, Any]]:
    """All that stand in the lists of a head."""
    rows = [row for part in document.values() if isinstance(part, list) for row in part]
    rows = [row for row in rows if isinstance(row, dict) and "feature" in row]
    return rows + [row["other"] for row in rows if "other" in row]


def _key_of(name: str) -> tuple[int, int]:
    encoder, _, feature = name.removeprefix("L").partition("/")
    return int(encoder), int(feature)


def _report(model: "LanguageModel", dictionary: "Dictionary", request: HeadsJob) -> Heads:
    from microtome.circuit.head_report import report_heads

    only = None
    if request.layer is not None and request.head is not None:
        only = (request.layer, request.head)
        _check(model, *only)
    reports = report_heads(model, dictionary, only, _prompts(model), listed=LISTED)
    if only is None:
        return Heads(heads=[HeadRow.model_validate(_document(r)) for r in reports])
    return Heads(heads=[], detail=HeadDetail.model_validate(_document(reports[0])))


def _check(model: "LanguageModel", layer: int, head: int) -> None:
    if not (0 <= layer < model.n_layers and 0 <= head < model.n_heads):
        raise MicrotomeError(
            f"head {layer}.{head} does not exist; {model.name} has layers 0 to "
            f"{model.n_layers - 1} with heads 0 to {model.n_heads - 1}"
        )


def _document(report: "HeadReport") -> dict[str, Any]:
    """Without figures that are not finite, which JSON cannot hold."""
    return {name: None if _is_nan(value) else value for name, value in report.document().items()}


def _is_nan(value: Any) -> bool:
    """Or a list of which one number is."""
    if isinstance(value, list):
        return any(_is_nan(one) for one in value)
    return isinstance(value, float) and value != value


def _prompts(model: "LanguageModel") -> "Sequence[Tensor]":
    """Texts to average over: sums, for a model that adds; others stand on random tokens."""
    from microtome.server.jobs.tasks import is_adder

    if not is_adder(model):
        return []
    import torch

    from microtome.specimen.adder import world

    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(0, world.OPERANDS, (1000, 2), generator=generator)
    return [world.prompt_tokens(pairs, guise) for guise in world.GUISES]
