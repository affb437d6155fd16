"""Fingerprints of weights, computed in the background and remembered.

Manifests say of what model a dictionary is, and of what dictionary a graph or an atlas; but what
fingerprint a folder of weights has, only its weights tell.
"""

import logging
import queue
import threading
from dataclasses import dataclass

from microtome.errors import MicrotomeError
from microtome.server.library.found import Found, Signature
from microtome.server.threads import join_or_outlive

MAX_BYTES = 1 << 30
"""Of weights that are read only to know their fingerprint; larger ones tell it when first used."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fingerprint:
    """Of weights, and of the model that a dictionary belongs to; or why they cannot be read."""

    weights: str = ""
    model: str = ""
    problem: str = ""


class Fingerprints:
    """Answers at once with what is known, and finds out the rest on a thread of its own."""

    def __init__(self):
        self._known: dict[tuple[str, Signature], Fingerprint] = {}
        self._waiting: queue.SimpleQueue[Found | None] = queue.SimpleQueue()
        self._asked: set[tuple[str, Signature]] = set()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._pending = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def of(self, found: Found) -> Fingerprint | None:
        """What is known; None while nothing is, and then it is looked for."""
        key = (found.entry.id, found.signature)
        with self._lock:
            known = self._known.get(key)
            if known or key in self._asked or self._closed or found.entry.bytes > MAX_BYTES:
                return known
            self._asked.add(key)
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fingerprints", daemon=True)
                self._thread.start()
        self._waiting.put(found)
        return None

    def learn(self, found: Found, fingerprint: Fingerprint) -> None:
        """Remember what somebody else found out by loading the weights."""
        with self._lock:
            self._known[found.entry.id, found.signature] = fingerprint

    def settle(self, seconds: float = 60) -> bool:
        """Wait until everything asked for is known; False where that takes longer."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._pending, seconds)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            thread = self._thread
        self._waiting.put(None)
        if thread is not None:
            join_or_outlive(thread, 0.5)

    def _work(self) -> None:
        while (found := self._waiting.get()) is not None:
            fingerprint = Fingerprint()
            try:
                if not self._closed:
                    fingerprint = read_fingerprint(found)
            except MicrotomeError as error:
                fingerprint = Fingerprint(problem=str(error))
            except Exception as error:  # one bad file must not end the thread
                _log.exception("fingerprint of %s", found.entry.path)
                fingerprint = Fingerprint(problem=f"cannot be read: {error}")
            with self._idle:
                self._known[found.entry.id, found.signature] = fingerprint
                self._pending -= 1
                self._idle.notify_all()


def read_fingerprint(found: Found) -> Fingerprint:
    """Load a model or a dictionary to know its fingerprint."""
    from microtome.dictionary.formats.hub import offline
    from microtome.specimen import load_dictionary, load_model

    if found.entry.kind == "model":
        return Fingerprint(load_model(found.source, device="cpu").fingerprint)
    with offline():  # what lies in a served folder may name files on the hub
        dictionary = load_dictionary(found.source)
    return Fingerprint(dictionary.fingerprint, dictionary.model)
