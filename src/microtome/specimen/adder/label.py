"""Name the features of an adder graph by what they respond to."""

from microtome.circuit.graph import Graph
from microtome.circuit.prune import source_influence
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder.operands import describe_grid, operand_grids
from microtome.specimen.load import load_atlas


def label_features(
    graph: Graph, model: LanguageModel, dictionary: Dictionary, most: int = 60
) -> Graph:
    """The same graph with its features labelled: all as the bundled atlas has them, or, of a
    dictionary without one, the most influential with their pattern over the operands."""
    labelled = label_as_atlas(graph, dictionary)
    return labelled or label_by_operands(graph, model, dictionary, most)


def label_as_atlas(graph: Graph, dictionary: Dictionary) -> Graph | None:
    """The same graph with the labels of the bundled atlas, so that terminal, graph and viewer say
    the same of a feature; None where the atlas is of another dictionary."""
    atlas = load_atlas("specimen:adder")
    if atlas.dictionary_fingerprint != dictionary.fingerprint:
        return None
    encoders = {encoder.layer: i for i, encoder in enumerate(atlas.content.encoders)}
    nodes = graph.nodes
    keys = {
        i: (encoders[int(nodes.layer[i])], int(nodes.feature[i]))
        for i in nodes.where("feature").tolist()
    }
    return graph.with_labels({i: atlas.row(*key).label for i, key in keys.items()})


def label_by_operands(
    graph: Graph, model: LanguageModel, dictionary: Dictionary, most: int
) -> Graph:
    """The same graph, its most influential features labelled with their operand pattern."""
    influence = source_influence(graph)
    features = graph.nodes.where("feature")
    best = features[influence[features].argsort(descending=True)][:most].tolist()
    nodes = graph.nodes
    keys = {i: (int(nodes.layer[i]), int(nodes.feature[i]), int(nodes.position[i])) for i in best}
    grids = operand_grids(model, dictionary, list(keys.values()))
    return graph.with_labels({i: describe_grid(grids[key]).text for i, key in keys.items()})
