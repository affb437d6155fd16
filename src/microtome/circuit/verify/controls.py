"""Random features of like layer and size, in place of those of a circuit."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.verify.measure import Bench
from microtome.dictionary import Decoder

_CANDIDATES = 16


def random_controls(bench: Bench, nodes: list[int], seed: int = 0) -> dict[int, tuple[int, int]]:
    """For feature nodes, a random feature of the same layer that is not active at their position.

    Of some random ones it is that whose decoder is most alike in size, so that the same change of
    activation writes about as much, in another direction.

    Returns:
        By node, encoder and feature; a node whose layer has no inactive feature is left out.
    """
    generator = torch.Generator().manual_seed(seed)
    graph, dictionary = bench.graph, bench.dictionary
    norms = [decoder_norms(decoder) for decoder in dictionary.decoders]
    found = {}
    for node in nodes:
        layer, position = int(graph.nodes.layer[node]), int(graph.nodes.position[node])
        feature = int(graph.nodes.feature[node])
        codes = bench.baseline.codes[layer]
        start, stop = codes.offsets[position : position + 2].tolist()
        idle = torch.ones(dictionary.n_features[layer], dtype=torch.bool)
        idle[codes.features[start:stop].cpu()] = False
        idle[feature] = False
        choice = idle.nonzero()[:, 0]
        if not len(choice):
            continue
        drawn = choice[torch.randperm(len(choice), generator=generator)[:_CANDIDATES]]
        nearest = (norms[layer][drawn] - norms[layer][feature]).abs().argmin()
        found[node] = (layer, int(drawn[nearest]))
    return found


def decoder_norms(decoder: Decoder) -> Float[Tensor, " features"]:
    """Length of what each feature writes, over all sites."""
    return decoder.weight.flatten(1).float().norm(dim=1).cpu()
