"""Work of steering: a prompt continued without and with interventions, and their hook."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from microtome.server.jobs.loaded import Loaded
from microtome.server.jobs.record import Download, Handle, Result
from microtome.server.labels import Labels
from microtome.server.library import Found
from microtome.server.schema import SteerHookJob, Steering, SteerJob

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

SteeringJob = SteerJob | SteerHookJob


class SteerWork:
    """Makes the work of jobs of steering; for the thread of jobs alone, but for `prepare`."""

    def __init__(self, labels: Labels, loaded: Loaded):
        self._labels, self._loaded = labels, loaded

    def prepare(
        self, request: SteeringJob, model: Found, dictionary: Found
    ) -> tuple[str, Callable[[Handle], Result]]:
        """A title, and what to do on the thread of jobs."""
        if isinstance(request, SteerJob):
            return "steering", lambda handle: self._steer(handle, request, model, dictionary)
        return "the hook", lambda handle: self._hook(handle, request, model, dictionary)

    def _open(
        self, handle: Handle, model: Found, dictionary: Found
    ) -> "tuple[LanguageModel, Dictionary]":
        read = self._loaded.dictionary(dictionary)
        handle.check()
        loaded = self._loaded.model(model)
        handle.check()
        return loaded, read

    def _steer(
        self, handle: Handle, request: SteerJob, model: Found, dictionary: Found
    ) -> Steering:
        from microtome.server.jobs.steer import steer_prompt

        loaded, read = self._open(handle, model, dictionary)
        total, made = 2 * request.generation.max_new_tokens, itertools.count(1)

        def on_token(which: str, token: str) -> None:
            handle.progress(min(next(made), total), total)
            handle.stream(which, token)

        names = model.entry.name, dictionary.entry.name
        return steer_prompt(loaded, read, request, names, self._labels, on_token)

    def _hook(
        self, handle: Handle, request: SteerHookJob, model: Found, dictionary: Found
    ) -> Download:
        from microtome.server.jobs.steer import hook_archive

        loaded, read = self._open(handle, model, dictionary)
        return hook_archive(loaded, read, request, (model.entry.name, dictionary.entry.name))
