"""Name the features of an adder graph by what they respond to."""

from microtome.circuit.graph import Graph
from microtome.circuit.prune import source_influence
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder.operands import describe_grid, operand_grids


def label_features(
    graph: Graph, model: LanguageModel, dictionary: Dictionary, most: int = 60
) -> Graph:
    """The same graph, its most influential features labelled with their operand pattern."""
    influence = source_influence(graph)
    features = graph.nodes.where("feature")
    best = features[influence[features].argsort(descending=True)][:most].tolist()
    nodes = graph.nodes
    keys = {i: (int(nodes.layer[i]), int(nodes.feature[i]), int(nodes.position[i])) for i in best}
    grids = operand_grids(model, dictionary, list(keys.values()))
    return graph.with_labels({i: describe_grid(grids[key]).text for i, key in keys.items()})
