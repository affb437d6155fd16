"""What features say: the logits that they promote and suppress through the frozen final norm."""

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from microtome.dictionary import Decoder, Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.model.norm import freeze_norm

_STREAM = ("embed", "resid.pre", "resid.mid", "resid.post")
_ADDED = ("attn.out", "mlp.out")
_DEPTH = {"resid.pre": 0, "attn.out": 1, "resid.mid": 1, "mlp.out": 2, "resid.post": 2}
_NUMBERS_AT_ONCE = 2**25

TopLogits = tuple[
    Int[np.ndarray, "features k"],
    Float[np.ndarray, "features k"],
    Int[np.ndarray, "features k"],
    Float[np.ndarray, "features k"],
]
"""Promoted tokens and their logits, largest first; suppressed ones, smallest first."""


def final_stream(model: LanguageModel) -> str:
    """The site whose denominators are averaged for `norm_scale`: what the final norm reads."""
    return f"blocks.{model.n_layers - 1}.resid.post"


@torch.no_grad()
def norm_scales(model: LanguageModel, stream: Float[Tensor, "row d"]) -> Float[Tensor, " row"]:
    """Inverse denominators of the final norm on rows of `final_stream`; their mean over a corpus
    is the `norm_scale` of `feature_logits`.

    Raises:
        MicrotomeError: the final norm is not what the adapter row describes.
    """
    norm = model.final_norm
    x = stream.to(model.device, model.dtype)
    wide = torch.float64 if model.dtype == torch.float64 else torch.float32
    frozen = freeze_norm(
        norm, x.to(wide), norm(x).to(wide), model.adapter.unit_offset, f"{model.name} final norm"
    )
    return frozen.scale[:, 0].cpu()


def written_sites(dictionary: Dictionary, targets: tuple[int, ...]) -> list[int]:
    """Which of an encoder's targets add up to what it puts into the residual stream.

    Outputs of attention and MLPs add to the stream, so all of them count; the stream itself, seen
    at several depths (crosscoders), counts once, as it is deepest. Sites of a second model and
    sites beside the stream (MLP inputs, heads) do not count.
    """
    sites = {
        j: Site.parse(dictionary.writes[j])
        for j in targets
        if not dictionary.writes[j].startswith("other:")
    }
    if any(site.kind == "final" for site in sites.values()):
        return [j for j, site in sites.items() if site.kind == "final"][:1]
    streams = [j for j, site in sites.items() if site.kind in _STREAM]
    deepest = max(streams, key=lambda j: _depth(sites[j]), default=None)
    start = -1 if deepest is None else _depth(sites[deepest])
    added = [j for j, s in sites.items() if s.kind in _ADDED and _depth(s) > start]
    return added if deepest is None else [deepest, *added]


def _depth(site: Site) -> int:
    return -1 if site.layer is None else 3 * site.layer + _DEPTH[site.kind]


def written_vectors(
    dictionary: Dictionary, encoder: int, rows: slice = slice(None)
) -> Float[Tensor, "features d"] | None:
    """What features put into the residual stream, summed over the sites that they write.

    Returns:
        One vector a feature, or None where they write nothing into the stream.
    """
    decoder = dictionary.decoders[encoder]
    sites = written_sites(dictionary, decoder.targets)
    return _summed(decoder, sites, rows) if sites else None


def decoder_vectors(
    dictionary: Dictionary, encoder: int, rows: slice = slice(None)
) -> Float[Tensor, "features d"]:
    """Vectors by which decoders are compared: what is written into the stream, or else, for
    dictionaries that write beside it, the sum over all sites written."""
    written = written_vectors(dictionary, encoder, rows)
    decoder = dictionary.decoders[encoder]
    return _summed(decoder, list(decoder.targets), rows) if written is None else written


def _summed(decoder: Decoder, sites: list[int], rows: slice) -> Float[Tensor, "features d"]:
    parts = decoder.weight[rows]
    at = [decoder.targets.index(j) for j in sites]
    wide = torch.float64 if parts.dtype == torch.float64 else torch.float32
    total = parts[:, at[0]].to(wide)
    for i in at[1:]:
        total = total + parts[:, i].to(wide)
    return total


@torch.no_grad()
def feature_logits(
    model: LanguageModel,
    dictionary: Dictionary,
    encoder: int,
    norm_scale: float,
    k: int = 10,
) -> TopLogits | None:
    """The tokens that every feature of an encoder promotes and suppresses most.

    The direct effect of one unit of activation on the logits (nostalgebraist 2020, "logit lens";
    Bricken et al. 2023): decoder vectors through the final norm, its denominator held at its mean
    over the corpus, and the unembedding. Logits are those before any soft-cap, which is monotone,
    and are taken against their mean over the vocabulary, which the softmax does not see, as in
    attribution graphs. Effects through later layers are not counted.

    Args:
        model: whose final norm and unembedding are used.
        dictionary: whose decoders are read.
        encoder: index of the encoder.
        norm_scale: mean over the corpus of `norm_scales`.
        k: tokens of either sign.

    Returns:
        Ids and logits, [features, k] each (fewer where the vocabulary is smaller), or None where
        the dictionary writes nothing into the residual stream.

    Raises:
        MicrotomeError: decoders of another width than the model.
    """
    sites = written_sites(dictionary, dictionary.decoders[encoder].targets)
    if not sites:
        return None
    if dictionary.d_out != model.d_model:
        raise MicrotomeError(
            f"{dictionary.name} writes vectors of width {dictionary.d_out}, but {model.name} has "
            f"width {model.d_model}; use a dictionary that was trained on this model"
        )
    through_norm = Site.parse(dictionary.writes[sites[0]]).kind != "final"
    readout = _readout(model, norm_scale if through_norm else None)
    count = dictionary.n_features[encoder]
    step = max(_NUMBERS_AT_ONCE // readout.shape[1], 1)
    parts = []
    for start in range(0, count, step):
        vectors = written_vectors(dictionary, encoder, slice(start, start + step))
        assert vectors is not None
        logits = vectors.to(readout.device, readout.dtype) @ readout
        parts.append(_extremes(logits, min(k, readout.shape[1])))
    a, b, c, d = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return a, b, c, d


def _readout(model: LanguageModel, norm_scale: float | None) -> Float[Tensor, "d vocabulary"]:
    """The map from the final stream to centred logits; without a scale, from behind the norm."""
    dtype = torch.float64 if model.dtype == torch.float64 else torch.float32
    readout = model.unembed.weight.detach().to(dtype)
    readout = readout - readout.mean(1, keepdim=True)
    if norm_scale is None:
        return readout
    norm = model.final_norm
    probe = torch.randn(1, model.d_model, generator=torch.Generator().manual_seed(0))
    probe = probe.to(model.device, model.dtype)
    frozen = freeze_norm(
        norm, probe.to(dtype), norm(probe).to(dtype), model.adapter.unit_offset, "final norm"
    )
    return frozen.fold_input(readout.T).T * norm_scale


def _extremes(logits: Float[Tensor, "features vocabulary"], k: int):
    top, bottom = logits.topk(k), logits.topk(k, largest=False)
    parts = (top.indices, top.values, bottom.indices, bottom.values)
    return tuple(_array(part) for part in parts)


def _array(part: Shaped[Tensor, "features k"]) -> Shaped[np.ndarray, "features k"]:
    wanted = torch.float32 if part.is_floating_point() else torch.int32
    return part.to("cpu", wanted).numpy()
