"""Work on a saved graph: testing it, and saying how attention carries its edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from microtome.circuit.verify.document import Verification
from microtome.errors import MicrotomeError
from microtome.server.attention import EdgeHeads, HeadScore
from microtome.server.graphs import graph_signature
from microtome.server.jobs.loaded import Loaded
from microtome.server.jobs.record import Handle, Result
from microtome.server.labels import Labels
from microtome.server.library import ArtifactLibrary, Found
from microtome.server.library.found import Signature
from microtome.server.schema import EdgeJob, ScoreJob, VerifyJob

if TYPE_CHECKING:
    from microtome.circuit import Graph, LocalReplacement
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

GraphJob = VerifyJob | EdgeJob | ScoreJob


@dataclass(frozen=True)
class Opened:
    """A graph beside the model and the dictionary that it is of."""

    signature: tuple[str, Signature]
    graph: "Graph"
    model: "LanguageModel"
    dictionary: "Dictionary"
    replacement: "LocalReplacement"


class GraphWork:
    """Makes the work of jobs on a graph; for the thread of jobs alone, but for `prepare`."""

    def __init__(self, library: ArtifactLibrary, labels: Labels, loaded: Loaded):
        self._library, self._labels, self._loaded = library, labels, loaded
        self._last: Opened | None = None

    def prepare(self, request: GraphJob) -> tuple[str, Callable[[Handle], Result]]:
        """A title, and what to do on the thread of jobs.

        Raises:
            MicrotomeError: no such graph, or its model or dictionary is not served.
        """
        found = self._library.find(request.graph, "graph")
        parts = self._parts(found)
        if isinstance(request, VerifyJob):
            return "test the graph", lambda handle: self._verify(handle, request, found, parts)
        if isinstance(request, EdgeJob):
            title = f"heads that carry {request.source} to {request.target}"
            return title, lambda handle: self._edge(handle, request, found, parts)
        title = f"why head {request.layer}.{request.head} looks there"
        return title, lambda handle: self._score(handle, request, found, parts)

    def _parts(self, found: Found) -> dict[str, Found]:
        """The model and the dictionary of a graph.

        Raises:
            MicrotomeError: they are not served, or the graph does not say.
        """
        if not found.path.is_dir():
            raise MicrotomeError(
                "the graph is a file of another tool, which does not record its model; trace the "
                "prompt with microtome"
            )
        links = self._library.links(self._library.entry(found))
        for kind in ("model", "dictionary"):
            if kind not in links:
                raise MicrotomeError(
                    f"the {kind} of this graph is not served; add its folder to microtome serve"
                )
        return {
            "model": self._library.find(links["model"], "model"),
            "dictionary": self._library.find(links["dictionary"], "dictionary"),
        }

    def _verify(
        self, handle: Handle, request: VerifyJob, found: Found, parts: Mapping[str, Found]
    ) -> Verification:
        from microtome.circuit import load_graph, load_state
        from microtome.circuit.verify import VerifyOptions, save_verification, verify

        dictionary = self._loaded.dictionary(parts["dictionary"])
        model = self._loaded.model(parts["model"])
        handle.check()
        state = request.state or load_state(found.path)
        options = VerifyOptions()
        if state is not None:
            thresholds = ("node_threshold", "edge_threshold")
            options = options.model_copy(update={name: getattr(state, name) for name in thresholds})
        graph = load_graph(found.path)
        made = verify(graph, model, dictionary, options, state, handle.progress)
        save_verification(found.path, made)
        return made

    def _edge(
        self, handle: Handle, request: EdgeJob, found: Found, parts: Mapping[str, Found]
    ) -> EdgeHeads:
        from microtome.server.jobs.attention import split_edge

        opened = self._open(handle, found, parts)
        return split_edge(opened.model, opened.replacement, opened.graph, request)

    def _score(
        self, handle: Handle, request: ScoreJob, found: Found, parts: Mapping[str, Found]
    ) -> HeadScore:
        from microtome.server.jobs.attention import explain_score

        opened = self._open(handle, found, parts)
        known = {
            opened.graph.nodes.name(i): opened.graph.nodes.label[i]
            for i in opened.graph.nodes.where("feature").tolist()
        }
        fingerprint = opened.dictionary.fingerprint

        def label(name: str, key: tuple[int, int]) -> str:
            given = self._labels.of(fingerprint, [key]).get(key)
            return given[0] if given else known.get(name, "")

        return explain_score(opened.model, opened.replacement, request, label)

    def _open(self, handle: Handle, found: Found, parts: Mapping[str, Found]) -> Opened:
        """The graph with its local replacement model; that of the last question is kept."""
        import torch

        from microtome.circuit import build_replacement, load_graph
        from microtome.circuit.verify.measure import check_fingerprints

        signature = (found.entry.id, graph_signature(found))
        if self._last is not None and self._last.signature == signature:
            return self._last
        self._last = None  # what is outdated goes before the new one comes
        handle.progress(0, 1)
        dictionary = self._loaded.dictionary(parts["dictionary"])
        model = self._loaded.model(parts["model"])
        handle.check()
        graph = load_graph(found.path)
        check_fingerprints(graph, model, dictionary)
        tokens = torch.tensor([graph.prompt.tokens])
        skipped = tuple(graph.info.get("skip_positions", (0,)))
        replacement = build_replacement(model, dictionary, tokens, skipped)
        handle.progress(1, 1)
        self._last = Opened(signature, graph, model, dictionary, replacement)
        return self._last
