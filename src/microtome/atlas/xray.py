"""Which features fire on a text, run through the model."""

import torch

from microtome.atlas.page import XRay, XRayLayer
from microtome.data import TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site


@torch.no_grad()
def features_on_text(model: LanguageModel, dictionary: Dictionary, text: str) -> XRay:
    """Every feature that is active on a text, token by token and encoder by encoder.

    Features are shown on tokens that do not count for the dictionary too; `counts` says which
    these are.

    Raises:
        MicrotomeError: text that the model cannot read, a dictionary that does not fit the model,
            or one that reads a second model.
    """
    sites = [_own_site(dictionary, name) for name in dictionary.reads]
    dictionary.check_finite()
    tokens = model.tokenize(text)
    captured = model.capture(tokens, sites)
    inputs = [captured[site][0].flatten(1).float() for site in sites]
    width = inputs[0].shape[1]
    if width != dictionary.d_in:
        raise MicrotomeError(
            f"{dictionary.name} reads activations of width {dictionary.d_in}, but {model.name} has "
            f"width {width}; use a dictionary that was trained on this model"
        )
    codes = dictionary.to(model.device, torch.float32).encode(inputs)
    layers = [
        XRayLayer(
            encoder=i,
            layer=_layer(dictionary, i),
            site=", ".join(dictionary.reads[j] for j in dictionary.sources[i]),
            offsets=code.offsets.tolist(),
            features=code.features.tolist(),
            values=[float(f"{value:.5g}") for value in code.values.tolist()],
        )
        for i, code in enumerate(codes)
    ]
    return XRay(
        text=text,
        tokens=[model.token_string(token) for token in tokens[0].tolist()],
        counts=TokenPolicy.of(dictionary).counts(model, tokens)[0].tolist(),
        layers=layers,
        labels={},
    )


def _own_site(dictionary: Dictionary, name: str) -> Site:
    if name.startswith("other:"):
        raise MicrotomeError(
            f"{dictionary.name} reads a second model ({name}), which a text cannot be run through "
            f"here; use a dictionary of one model"
        )
    return Site.parse(name)


def _layer(dictionary: Dictionary, encoder: int) -> int:
    layer = Site.parse(dictionary.reads[dictionary.sources[encoder][0]]).layer
    return -1 if layer is None else layer
