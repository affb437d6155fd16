"""The exact PLT of a model whose MLPs are linear, ReLU, linear: its features are their neurons."""

import torch
from torch import nn

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.model.adapter import Projection, projection

_ROWS = 16
"""Random inputs on which a neuron's arithmetic is held against the module's."""


def neurons_plt(model: LanguageModel) -> Dictionary:
    """A PLT without error, for which nothing is trained: each feature is a neuron.

    An MLP that computes relu(x @ c_fc + b_fc) @ c_proj + b_proj is a PLT as it stands: encoders are
    c_fc, decoders c_proj, with their biases. It reads `mlp.in`, behind the norm, as c_fc does.
    What its graphs get wrong is the attribution method's, not a dictionary's.

    Args:
        model: whose MLPs have ReLUs, such as a compiled GPT-2.

    Raises:
        MicrotomeError: an MLP of another form; names the layer.
    """
    parts = [_of_layer(model, layer) for layer in range(model.n_layers)]
    relu = Activation("relu")
    return Dictionary(
        reads=tuple(f"blocks.{i}.mlp.in" for i in range(model.n_layers)),
        writes=tuple(f"blocks.{i}.mlp.out" for i in range(model.n_layers)),
        encoders=tuple(Encoder(into.weight.T, _bias(into), relu) for into, _ in parts),
        decoders=tuple(Decoder(out.weight[:, None], (i,)) for i, (_, out) in enumerate(parts)),
        biases=tuple(_bias(out) for _, out in parts),
        skip_first=False,
        model=model.fingerprint,
        name="exact PLT",
    )


@torch.no_grad()
def _of_layer(model: LanguageModel, layer: int) -> tuple[Projection, Projection]:
    """The maps into the neurons of a layer and out of them."""
    mlp = model.part(layer, model.adapter.mlp)
    found = [] if mlp is None else [projection(m) for m in mlp.children() if _is_linear(m)]
    if mlp is None or len(found) != 2 or model.adapter.mlp_post_norm:
        raise _not_of_this_form(model, layer)
    into, out = (Projection(p.weight.detach(), _bias(p).detach()) for p in found)
    n = into.weight.shape[1]
    if (into.weight.shape[0], *out.weight.shape) != (model.d_model, n, model.d_model):
        raise _not_of_this_form(model, layer)
    generator = torch.Generator().manual_seed(layer)
    x = torch.randn(1, _ROWS, model.d_model, generator=generator).to(into.weight)
    expected = (x @ into.weight + _bias(into)).relu() @ out.weight + _bias(out)
    tolerance = 1e-3 if x.dtype in (torch.float32, torch.float64) else 5e-2
    # an activation that is not ReLU would show here, whatever it is called
    if not (mlp(x) - expected).norm() <= tolerance * expected.norm() + 1e-6:
        raise _not_of_this_form(model, layer)
    return into, out


def _is_linear(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, torch.Tensor) and weight.ndim == 2


def _bias(of: Projection) -> torch.Tensor:
    return of.weight.new_zeros(of.weight.shape[1]) if of.bias is None else of.bias


def _not_of_this_form(model: LanguageModel, layer: int) -> MicrotomeError:
    return MicrotomeError(
        f"the MLP of layer {layer} of {model.name} is not linear, ReLU, linear, so its neurons are "
        f"no exact PLT; take a compiled circuit of the gpt2 family, or train a dictionary"
    )
