"""Features as directions of the stream: what they write before a layer or read behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.head_maps import AverageModel
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.baseline import check_widths
from microtome.model import LanguageModel, Site


@dataclass(frozen=True)
class Directions:
    """Features by what they write, or read, at one place in the stream."""

    encoder: Int[Tensor, " n"]
    feature: Int[Tensor, " n"]
    vectors: Float[Tensor, "n d"]

    def __len__(self) -> int:
        return len(self.feature)

    def name(self, i: int) -> str:
        return f"L{int(self.encoder[i])}/{int(self.feature[i])}"


@torch.no_grad()
def typical_activations(
    model: LanguageModel, dictionary: Dictionary, prompts: Sequence[Int[Tensor, "_batch _position"]]
) -> list[Float[Tensor, " features"]]:
    """Mean activation of every feature where it is active, 0 where it never is; first positions
    are left out."""
    dictionary = dictionary.to(model.device, torch.promote_types(model.dtype, torch.float32))
    like = dictionary.biases[0]
    check_widths(model, dictionary)
    totals = [like.new_zeros(2, n) for n in dictionary.n_features]
    for tokens in prompts:
        run = model.capture(tokens, dictionary.reads)
        inputs = [run[Site.parse(name)][:, 1:].flatten(0, 1).to(like) for name in dictionary.reads]
        for total, codes in zip(totals, dictionary.encode(inputs), strict=True):
            total[0].index_add_(0, codes.features, codes.values)
            total[1].index_add_(0, codes.features, torch.ones_like(codes.values))
    return [(total[0] / total[1].clamp(min=1)).cpu() for total in totals]


def directions_before(
    model: LanguageModel,
    dictionary: Dictionary,
    layer: int,
    activations: Sequence[Float[Tensor, " features"]] | None = None,
) -> Directions:
    """What every feature writes into the stream that enters a layer's attention.

    Writes to MLP and attention outputs of earlier layers are summed; features of the stream
    itself count where it enters this layer. Features that write nothing there are left out.

    Args:
        model: the model.
        dictionary: any, of sites of this model.
        layer: whose attention reads.
        activations: by encoder, how active each feature is; 1 unless given.

    Raises:
        MicrotomeError: the dictionary is not as wide as the model.
    """
    if dictionary.d_out != model.d_model:
        raise MicrotomeError(
            f"{dictionary.name} writes activations of width {dictionary.d_out}, but {model.name} "
            f"has width {model.d_model}; use a dictionary that was trained on this model"
        )
    sites = [Site.parse(name) for name in dictionary.writes]
    before = {i for i, site in enumerate(sites) if _enters(site, layer)}
    like = torch.empty(0, dtype=torch.promote_types(model.dtype, torch.float32))
    parts = []
    for encoder, decoder in enumerate(dictionary.decoders):
        every = torch.arange(dictionary.n_features[encoder])
        written = [decoder.rows(every, i, like) for i in decoder.targets if i in before]
        if written:
            vectors = torch.stack(written).sum(0)
            if activations is not None:
                vectors = vectors * activations[encoder].to(vectors)[:, None]
            parts.append((torch.full_like(every, encoder), every, vectors))
    if not parts:
        empty = torch.zeros(0, dtype=torch.long)
        return Directions(empty, empty, like.new_zeros(0, model.d_model))
    joined = Directions(*(torch.cat(column) for column in zip(*parts, strict=True)))
    alive = joined.vectors.norm(dim=-1) > 0
    return Directions(joined.encoder[alive], joined.feature[alive], joined.vectors[alive])


def _enters(site: Site, layer: int) -> bool:
    if site.layer is None:
        return site.kind == "embed"
    if site.kind in ("mlp.out", "attn.out"):
        return site.layer < layer
    return (site.kind, site.layer) in (("resid.pre", layer), ("resid.post", layer - 1))


def readers_after(average: AverageModel, dictionary: Dictionary, layer: int) -> Directions:
    """Encoder directions of features that read the stream behind a layer's attention, pulled back
    through the norms that they read through."""
    model, parts = average.model, []
    first = layer + (1 if model.parallel else 0)
    for encoder, (sources, weights) in enumerate(
        zip(dictionary.sources, dictionary.encoders, strict=True)
    ):
        site = Site.parse(dictionary.reads[sources[0]])
        if len(sources) > 1 or site.layer is None or site.layer < first:
            continue
        try:
            norm = average.frozen.read(site)
        except MicrotomeError:
            continue  # reads what does not follow from the stream by a norm
        rows = weights.weight.detach().to(norm.weight)
        every = torch.arange(len(rows))
        pulled = norm.fold_input(rows) * norm.scale[0]
        parts.append((torch.full_like(every, encoder), every, pulled))
    if not parts:
        empty = torch.zeros(0, dtype=torch.long)
        return Directions(empty, empty, torch.zeros(0, model.d_model))
    return Directions(*(torch.cat(column) for column in zip(*parts, strict=True)))
