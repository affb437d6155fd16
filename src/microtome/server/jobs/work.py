"""The work of a job, made from a request. What computes is imported on the thread of jobs: it takes
seconds, and a server without jobs needs none of it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from microtome.atlas.page import OperandPlot, XRay
from microtome.errors import MicrotomeError
from microtome.server.jobs.graph_work import GraphJob, GraphWork
from microtome.server.jobs.head_work import HeadWork
from microtome.server.jobs.loaded import Loaded
from microtome.server.jobs.record import Handle, Result
from microtome.server.jobs.steer_work import SteeringJob, SteerWork
from microtome.server.labels import Labels
from microtome.server.library import ArtifactLibrary, Found, entry_id
from microtome.server.schema import Entry, HeadsJob, OperandsJob, TraceJob, XRayJob

if TYPE_CHECKING:
    from microtome.circuit import Graph
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

Request = TraceJob | XRayJob | OperandsJob | GraphJob | HeadsJob | SteeringJob
_NAME_LENGTH = 60
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
"""Names that Windows keeps for itself."""


class Workshop:
    """Makes the work of a job from a request."""

    def __init__(self, library: ArtifactLibrary, labels: Labels):
        self._library, self._labels = library, labels
        self._loaded = Loaded(library)
        self._graphs = GraphWork(library, labels, self._loaded)
        self._heads = HeadWork(labels, self._loaded)
        self._steering = SteerWork(labels, self._loaded)

    def prepare(self, request: Request) -> tuple[str, Callable[[Handle], Result]]:
        """A title, and what to do on the thread of jobs.

        Raises:
            MicrotomeError: no such model or dictionary, or a request that cannot be met.
        """
        if isinstance(request, GraphJob):
            return self._graphs.prepare(request)
        model = self._library.named(request.model, "model")
        dictionary = self._library.named(request.dictionary, "dictionary")
        if isinstance(request, TraceJob):
            check_difference(request)
            if not self._library.can_write:
                raise MicrotomeError(
                    f"graphs cannot be saved to {self._library.out}: it may not be written, or is "
                    f"in an artifact; start "
                    f"the server with --out FOLDER"
                )
            return f"trace {_short(request.prompt)}", lambda handle: self._trace(
                handle, request, model, dictionary
            )
        if isinstance(request, XRayJob):
            return f"X-ray {_short(request.text)}", lambda handle: self._xray(
                handle, request, model, dictionary
            )
        if isinstance(request, HeadsJob):
            return self._heads.prepare(request, model, dictionary)
        if isinstance(request, SteeringJob):
            return self._steering.prepare(request, model, dictionary)
        from microtome.specimen.adder.world import GUISES

        if request.guise not in GUISES:
            raise MicrotomeError(f"unknown guise {request.guise!r}; known: {', '.join(GUISES)}")
        title = f"operand plot of {request.encoder}/{request.feature}"
        return title, lambda handle: self._operands(handle, request, model, dictionary)

    def _open(
        self, handle: Handle, model: Found, dictionary: Found
    ) -> "tuple[LanguageModel, Dictionary]":
        read = self._loaded.dictionary(dictionary)
        handle.check()
        loaded = self._loaded.model(model)
        handle.check()
        return loaded, read

    def _trace(self, handle: Handle, request: TraceJob, model: Found, dictionary: Found) -> Entry:
        from microtome.server.jobs.tasks import label_sums, trace_prompt

        loaded, read = self._open(handle, model, dictionary)
        graph = trace_prompt(loaded, read, request, handle.progress)
        handle.check()
        if self._library.atlas_of(read.fingerprint) is None:
            graph = label_sums(graph, loaded, read)
        folder = self._save(graph, request, model.source, dictionary.source)
        return self._library.entry(self._library.find(entry_id(folder), "graph"))

    def _save(self, graph: "Graph", request: TraceJob, model: str, dictionary: str) -> Path:
        command = ["microtome", "trace", model, request.prompt, "--dictionary", dictionary]
        for token in request.tokens:
            command += ["--token", token]
        command += ["--minus", request.minus] if request.minus else []
        command += ["--max-features", str(request.max_features)] if request.max_features else []
        folder = free_folder(self._library.out, safe_name(request.name or request.prompt))
        graph.save(folder, command=command)
        return folder

    def _xray(self, handle: Handle, request: XRayJob, model: Found, dictionary: Found) -> XRay:
        from microtome.atlas import features_on_text

        loaded, read = self._open(handle, model, dictionary)
        handle.progress(0, 1)
        xray = features_on_text(loaded, read, request.text)
        handle.progress(1, 1)
        return self._labels.fill_xray(xray, read.fingerprint)

    def _operands(
        self, handle: Handle, request: OperandsJob, model: Found, dictionary: Found
    ) -> list[OperandPlot]:
        from microtome.server.jobs.tasks import operand_plots

        loaded, read = self._open(handle, model, dictionary)
        return operand_plots(loaded, read, request, handle.progress)


def check_difference(request: TraceJob) -> None:
    """Refuse a difference without exactly one token.

    Raises:
        MicrotomeError: says how many there are.
    """
    if request.minus and len(request.tokens) != 1:
        raise MicrotomeError(
            f"a difference of logits needs exactly one token beside {request.minus!r}, not "
            f"{len(request.tokens)}"
        )


def safe_name(text: str) -> str:
    """A name for a folder, from any text: letters, digits and dashes."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text.replace("+", " plus ")).strip("-").lower()
    plain = plain[:_NAME_LENGTH].strip("-")
    return f"graph-{plain}".rstrip("-") if not plain or _RESERVED.fullmatch(plain) else plain


def free_folder(parent: Path, name: str) -> Path:
    """The first of name, name-2, name-3, ... that is free."""
    folder, n = parent / name, 1
    while folder.exists() or folder.is_symlink():
        n += 1
        folder = parent / f"{name}-{n}"
    return folder


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line[:57]}…”" if len(line) > 58 else f"“{line}”"
