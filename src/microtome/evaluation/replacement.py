"""The whole replacement model: every MLP replaced by a dictionary, attention live."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from microtome.dictionary import Codes, Dictionary
from microtome.model import LanguageModel, Site
from microtome.model.hooks import Edit


def replacement_edits(model: LanguageModel, dictionary: Dictionary) -> dict[Site, Edit]:
    """Edits that put a dictionary's reconstruction in the place of every MLP, attention live.

    The replacement model (Ameisen et al. 2025, "Circuit Tracing", section 3.2). Position 0 keeps
    the model's own output when the dictionary was trained without it.
    """
    ready = dictionary.to(model.device, model.dtype)
    inputs: dict[int, Tensor] = {}
    codes: dict[int, Codes] = {}

    def encode(layer: int) -> Edit:
        def edit(x: Tensor) -> Tensor:
            inputs[layer] = x.flatten(0, 1)
            codes[layer] = ready.encoders[layer].encode(inputs[layer])
            return x

        return edit

    def put(layer: int) -> Edit:
        def edit(y: Tensor) -> Tensor:
            out = ready.biases[layer].expand(inputs[layer].shape[0], -1).clone()
            for source, decoder in enumerate(ready.decoders):
                if layer in decoder.targets:
                    code = codes[source]
                    rows = decoder.rows(code.features, layer, out)
                    out.index_add_(0, code.rows(), rows * code.values[:, None])
            skip = ready.skips[layer]
            if skip is not None:
                out += inputs[layer] @ skip
            out = out.view_as(y)
            return torch.cat([y[:, :1], out[:, 1:]], 1) if dictionary.skip_first else out

        return edit

    edits: dict[Site, Edit] = {}
    for layer, (read, write) in enumerate(zip(dictionary.reads, dictionary.writes, strict=True)):
        edits[Site.parse(read)] = encode(layer)
        edits[Site.parse(write)] = put(layer)
    return edits


@torch.no_grad()
def agreement(
    model: LanguageModel,
    dictionary: Dictionary,
    blocks: Sequence[Int[Tensor, "_ _"]],
    positions: slice = slice(None),
) -> Bool[Tensor, " tokens"]:
    """Whether the replacement model's most likely next token is the model's, token by token."""
    same = []
    for tokens in blocks:
        plain = model.run(tokens).logits[:, positions].argmax(-1)
        edits = replacement_edits(model, dictionary)
        replaced = model.run(tokens, edit=edits).logits[:, positions].argmax(-1)
        same.append((plain == replaced).flatten())
    return torch.cat(same)
