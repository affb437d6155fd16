"""Which variable each feature of a transcoder writes, by its decoder and the known directions."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.specimen.score.matching import Meanings, check_fits
from microtome.specimen.truth import Truth, Variable

SHARE = 0.5
"""Of a decoder's square, from which on a feature is said to write a variable."""


def features_writing(
    model: LanguageModel,
    dictionary: Dictionary,
    truth: Truth,
    tensors: Mapping[str, Tensor],
    floor: float = SHARE,
) -> Meanings:
    """The variable that each feature writes: the one whose directions hold most of its decoder.

    Asked for are the variables that the MLP of a layer writes to which the feature writes. When a
    feature is active says what it reads as well as what it writes (the neuron that turns `letter`
    into `next` tells both alike, one of a hundred that add two digits tells neither); its decoder
    says which of them it adds to the stream.

    Args:
        model: that the dictionary reads.
        dictionary: a PLT or CLT.
        truth: whose variables have directions.
        tensors: of the truth.
        floor: share of a decoder's square, over all layers that it writes to, below which a
            feature stands for nothing.

    Raises:
        MicrotomeError: the dictionary or the truth does not fit the model.
    """
    check_fits(model, dictionary)
    for v in mlp_variables(truth):
        width = tensors[str(v.directions)].shape[1]
        if width != model.d_model:
            raise MicrotomeError(
                f"the truth of {truth.specimen} has directions of width {width} for {v.name!r}, "
                f"and {model.name} is {model.d_model} wide; name the model that it is of"
            )
    spaces = {v.name: subspace(tensors[str(v.directions)]) for v in mlp_variables(truth)}
    layers = {v.name: Site.parse(v.site).layer for v in mlp_variables(truth)}
    variables: dict[tuple[int, int], str] = {}
    for encoder, decoder in enumerate(dictionary.decoders):
        read = Site.parse(dictionary.reads[dictionary.sources[encoder][0]]).layer or 0
        weight = decoder.weight.float()
        size = weight.square().sum((1, 2)).clamp(min=1e-30)
        best, names = torch.zeros_like(size), [""] * len(size)
        for at, target in enumerate(decoder.targets):
            layer = Site.parse(dictionary.writes[target]).layer
            for name in [name for name, own in layers.items() if own == layer]:
                share = (weight[:, at] @ spaces[name].T).square().sum(1) / size
                for feature in (share > best).nonzero()[:, 0].tolist():
                    best[feature], names[feature] = share[feature], name
        for feature in (best >= floor).nonzero()[:, 0].tolist():
            variables[read, feature] = names[feature]
    return Meanings(variables)


def mlp_variables(truth: Truth) -> list[Variable]:
    """Variables with directions that an MLP writes."""
    return [v for v in truth.variables if v.directions and v.site.endswith("resid.post")]


def knows_directions(truth: Truth) -> bool:
    """Whether every variable that is first seen behind an MLP has directions."""
    behind = [v for v in truth.variables if v.site.endswith("resid.post")]
    return len(mlp_variables(truth)) == len(behind)


def subspace(directions: Float[Tensor, "value d"]) -> Float[Tensor, "rank d"]:
    """An orthonormal basis of what tells a variable's values apart."""
    centred = directions.double() - directions.double().mean(0)
    _, sizes, vectors = torch.linalg.svd(centred, full_matrices=False)
    return vectors[sizes > 1e-5 * sizes[0].clamp(min=1e-30)].float()
