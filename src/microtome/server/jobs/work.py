"""What jobs do: trace a prompt, X-ray a text, plot a feature over operands."""

import re
from collections.abc import Callable
from pathlib import Path

from microtome.atlas.page import OperandPlot, XRay
from microtome.atlas.xray import features_on_text
from microtome.circuit import Graph, LogitDifference, TokenTarget, trace
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.server.jobs.loaded import Loaded
from microtome.server.jobs.record import Handle, Result
from microtome.server.labels import Labels
from microtome.server.library import ArtifactLibrary, Found, entry_id
from microtome.server.schema import Entry, OperandsJob, TraceJob, XRayJob
from microtome.specimen.adder import world
from microtome.specimen.adder.label import label_features
from microtome.specimen.adder.operands import operand_grids

Request = TraceJob | XRayJob | OperandsJob
_NAME_LENGTH = 60
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
"""Names that Windows keeps for itself."""


class Workshop:
    """Makes the work of a job from a request."""

    def __init__(self, library: ArtifactLibrary, labels: Labels):
        self._library, self._labels = library, labels
        self._loaded = Loaded(library)

    def prepare(self, request: Request) -> tuple[str, Callable[[Handle], Result]]:
        """A title, and what to do on the thread of jobs.

        Raises:
            MicrotomeError: no such model or dictionary, or a request that cannot be met.
        """
        model = self._library.named(request.model, "model")
        dictionary = self._library.named(request.dictionary, "dictionary")
        if isinstance(request, TraceJob):
            targets = trace_targets(request)
            if not self._library.can_write:
                raise MicrotomeError(
                    f"graphs cannot be saved to {self._library.out}: it may not be written; start "
                    f"the server with --out FOLDER"
                )
            return f"trace {_short(request.prompt)}", lambda handle: self._trace(
                handle, request, targets, model, dictionary
            )
        if isinstance(request, XRayJob):
            return f"X-ray {_short(request.text)}", lambda handle: self._xray(
                handle, request, model, dictionary
            )
        if request.guise not in world.GUISES:
            raise MicrotomeError(
                f"unknown guise {request.guise!r}; known: {', '.join(world.GUISES)}"
            )
        title = f"operand plot of {request.encoder}/{request.feature}"
        return title, lambda handle: self._operands(handle, request, model, dictionary)

    def _open(
        self, handle: Handle, model: Found, dictionary: Found
    ) -> tuple[LanguageModel, Dictionary]:
        read = self._loaded.dictionary(dictionary)
        handle.check()
        loaded = self._loaded.model(model)
        handle.check()
        return loaded, read

    def _trace(
        self,
        handle: Handle,
        request: TraceJob,
        targets: list[TokenTarget] | LogitDifference,
        model: Found,
        dictionary: Found,
    ) -> Entry:
        loaded, read = self._open(handle, model, dictionary)
        graph = trace(
            loaded, request.prompt, read, targets, request.max_features, progress=handle.progress
        )
        handle.check()
        if is_adder(loaded) and self._library.atlas_of(read.fingerprint) is None:
            graph = label_features(graph, loaded, read)
        folder = self._save(graph, request, model.source, dictionary.source)
        return self._library.entry(self._library.find(entry_id(folder), "graph"))

    def _save(self, graph: Graph, request: TraceJob, model: str, dictionary: str) -> Path:
        command = ["microtome", "trace", model, request.prompt, "--dictionary", dictionary]
        for token in request.tokens:
            command += ["--token", token]
        command += ["--minus", request.minus] if request.minus else []
        command += ["--max-features", str(request.max_features)] if request.max_features else []
        folder = free_folder(self._library.out, safe_name(request.name or request.prompt))
        graph.save(folder, command=command)
        return folder

    def _xray(self, handle: Handle, request: XRayJob, model: Found, dictionary: Found) -> XRay:
        loaded, read = self._open(handle, model, dictionary)
        handle.progress(0, 1)
        xray = features_on_text(loaded, read, request.text)
        handle.progress(1, 1)
        return self._labels.fill_xray(xray, read.fingerprint)

    def _operands(
        self, handle: Handle, request: OperandsJob, model: Found, dictionary: Found
    ) -> list[OperandPlot]:
        loaded, read = self._open(handle, model, dictionary)
        if not is_adder(loaded):
            raise MicrotomeError(
                f"{loaded.name} does not add numbers, so there is no operand plot; use "
                f"specimen:adder"
            )
        check_feature(read, request.encoder, request.feature)
        return operand_plots(loaded, read, request, handle.progress)


def trace_targets(request: TraceJob) -> list[TokenTarget] | LogitDifference:
    """What a trace explains.

    Raises:
        MicrotomeError: a difference without exactly one token.
    """
    if request.minus:
        if len(request.tokens) != 1:
            raise MicrotomeError(
                f"a difference of logits needs exactly one token beside {request.minus!r}, not "
                f"{len(request.tokens)}"
            )
        return LogitDifference(request.tokens[0], request.minus)
    return [TokenTarget(token) for token in request.tokens]


def is_adder(model: LanguageModel) -> bool:
    """Whether a model speaks the adder's language."""
    words = world.vocabulary()
    if model.tokenizer is None or model.d_vocab != len(words):
        return False
    vocabulary = model.tokenizer.get_vocab()
    return all(vocabulary.get(word) == i for i, word in enumerate(words))


def check_feature(dictionary: Dictionary, encoder: int, feature: int) -> None:
    """Refuse a feature that a dictionary does not have.

    Raises:
        MicrotomeError: names how many there are.
    """
    sizes = dictionary.n_features
    if not 0 <= encoder < len(sizes):
        raise MicrotomeError(f"encoder {encoder} does not exist; there are 0 to {len(sizes) - 1}")
    if not 0 <= feature < sizes[encoder]:
        raise MicrotomeError(
            f"feature {encoder}/{feature} does not exist; encoder {encoder} has 0 to "
            f"{sizes[encoder] - 1}"
        )


def operand_plots(
    model: LanguageModel,
    dictionary: Dictionary,
    request: OperandsJob,
    progress: Callable[[int, int], None],
) -> list[OperandPlot]:
    """The plots of a feature at every position where it is ever active, the strongest first."""
    words = world.prompt(36, 59, request.guise).split()
    operands = {"36": "first operand", "59": "second operand"}
    # position 0 is <s>, the same for all pairs
    keys = [(request.encoder, request.feature, at) for at in range(1, len(words) + 1)]
    grids = operand_grids(model, dictionary, keys, request.guise, progress)
    progress(world.OPERANDS**2, world.OPERANDS**2)
    plots = []
    for key, grid in grids.items():
        maximum = float(grid.max())
        if maximum > 0:
            word = words[key[2] - 1]
            plots.append(
                OperandPlot(
                    guise=request.guise,
                    position=key[2],
                    token=operands.get(word, word),
                    maximum=maximum,
                    values=[[round(v, 4) for v in row] for row in grid.tolist()],
                )
            )
    return sorted(plots, key=lambda plot: -plot.maximum)


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
