"""What jobs compute with a model and a dictionary: graphs of prompts, plots over operands."""

from collections.abc import Callable

from microtome.atlas.page import OperandPlot
from microtome.circuit import Graph, LogitDifference, TokenTarget, trace
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.server.schema import OperandsJob, TraceJob
from microtome.specimen.adder import world
from microtome.specimen.adder.label import label_features
from microtome.specimen.adder.operands import operand_grids

Progress = Callable[[int, int], None]


def trace_prompt(
    model: LanguageModel, dictionary: Dictionary, request: TraceJob, progress: Progress
) -> Graph:
    """The graph that a request asks for."""
    targets = (
        LogitDifference(request.tokens[0], request.minus)
        if request.minus
        else [TokenTarget(token) for token in request.tokens]
    )
    return trace(
        model, request.prompt, dictionary, targets, request.max_features, progress=progress
    )


def label_sums(graph: Graph, model: LanguageModel, dictionary: Dictionary) -> Graph:
    """The graph with the sums that its features respond to, where the model adds."""
    return label_features(graph, model, dictionary) if is_adder(model) else graph


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
    progress: Progress,
) -> list[OperandPlot]:
    """The plots of a feature at every position where it is ever active, the strongest first.

    Raises:
        MicrotomeError: a model that does not add, or a feature that the dictionary does not have.
    """
    if not is_adder(model):
        raise MicrotomeError(
            f"{model.name} does not add numbers, so there is no operand plot; use specimen:adder"
        )
    check_feature(dictionary, request.encoder, request.feature)
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
