"""SAELens folders: `cfg.json` and `sae_weights.safetensors` of version 6, and 3 to 5 where
they agree.

`W_enc (d_in, F)`, `W_dec (F, d_out)`, `b_dec (d_out)`; `b_enc (F)` but for gated SAEs; `threshold
(F)` for JumpReLU; `W_skip (d_out, d_in)`, used as x @ W_skip.T, for skip transcoders. What SAELens
computes around them is folded into the encoder, so that one encoder serves all:

- `apply_b_dec_to_input`: (x - b_dec) @ W + b = x @ W + (b - b_dec @ W).
- `rescale_acts_by_decoder_norm` (topk): pre-activations times the norm of each decoder row, which
  then has norm 1. The scaled decoder is float32 in memory, not the file's.
- gated: exactly a JumpReLU encoder, see `fold.gated`.

`sparsity.safetensors` says nothing about what a dictionary computes and is not read.
"""

from pathlib import Path

from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.formats.detect import SAELENS
from microtome.dictionary.formats.fold import fold_shift, gated, unit_decoder
from microtome.dictionary.formats.layers import layer_of_path, layer_of_site, site
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError

CONFIG, WEIGHTS = SAELENS
MODEL = "microtome_model"
"""Field of `metadata` with the fingerprint of the model, which SAELens passes over."""
SAES = ("standard", "topk", "jumprelu", "gated")
TRANSCODERS = (
    "transcoder",
    "skip_transcoder",
    "jumprelu_transcoder",
    "jumprelu_skip_transcoder",
)


def load_saelens(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """Read one SAE or transcoder; the decoder stays memory-mapped in the file's dtype.

    `reads` and `writes` are templates such as `blocks.{layer}.mlp.in`; without them the
    configuration's hooks are taken.

    Raises:
        MicrotomeError: an architecture or option that is not read, sites that nothing names, or
            files that do not fit the format.
    """
    config = read_json(folder / CONFIG)
    architecture = _architecture(folder, config)
    _refuse_options(folder, config, architecture)
    read, write = _sites(folder, config, architecture, reads, writes)
    file = TensorFile(folder / WEIGHTS)
    sizes = _sizes(folder, config, architecture)
    decoder_bias = file.take("b_dec", "d_out", sizes).float()
    encoder = _encoder(file, folder, config, architecture, sizes)
    if config.get("apply_b_dec_to_input", architecture in SAES):
        encoder = fold_shift(encoder, decoder_bias)
    weight = file.take("W_dec", "features d_out", sizes)
    if architecture == "topk" and config.get("rescale_acts_by_decoder_norm"):
        encoder, weight = unit_decoder(encoder, weight)
    return Dictionary(
        reads=(read,),
        writes=(write,),
        encoders=(encoder,),
        decoders=(Decoder(weight[:, None], (0,)),),
        biases=(decoder_bias,),
        skips=(_skip(file, architecture, sizes),),
        skip_first=_skip_first(_metadata(config)),
        skip_special=_skip_special(_metadata(config)),
        model=_model(_metadata(config)),
        name=str(folder),
        info={"format": "saelens", "config": config},
    )


def _architecture(folder: Path, config: dict) -> str:
    name = config.get("architecture", "standard")
    # before version 6, topk was the activation function of the standard architecture
    older = config.get("activation_fn") or config.get("activation_fn_str") or "relu"
    if name == "standard" and older != "relu":
        name = older
    if name not in (*SAES, *TRANSCODERS):
        raise MicrotomeError(
            f"{folder / CONFIG}: architecture {name!r} is not read; expected one of "
            f"{', '.join((*SAES, *TRANSCODERS))}"
        )
    return name


def _refuse_options(folder: Path, config: dict, architecture: str) -> None:
    """Refuse by name what changes the result and has no place in a dictionary."""
    found = {
        "normalize_activations": config.get("normalize_activations") not in (None, "none"),
        "apply_b_dec_to_input": architecture in TRANSCODERS
        and bool(config.get("apply_b_dec_to_input")),
        "finetuning_scaling_factor": bool(config.get("finetuning_scaling_factor")),
        "normalize_decoder": bool(config.get("normalize_decoder")),
        "hook_head_index": _metadata(config).get("hook_head_index") is not None,
    }
    for field, refused in found.items():
        if refused:
            value = config.get(field, _metadata(config).get(field))
            raise MicrotomeError(
                f"{folder / CONFIG}: {field} is {value!r}, which is not read for a {architecture} "
                f"dictionary; export it with that option folded into the weights"
            )


def _metadata(config: dict) -> dict:
    """`metadata`, over the fields that versions before 6 kept beside the others."""
    nested = config.get("metadata")
    return {**config, **(nested if isinstance(nested, dict) else {})}


def _sites(
    folder: Path, config: dict, architecture: str, reads: str | None, writes: str | None
) -> tuple[str, str]:
    metadata = _metadata(config)
    hook = metadata.get("hook_name") or metadata.get("hook_point")
    layer = layer_of_site(hook)
    layer = layer_of_path(folder) if layer is None else layer
    read = site(reads, layer, folder) if reads else hook
    out = read if architecture in SAES else metadata.get("hook_name_out")
    write = site(writes, layer, folder) if writes else out
    for field, found in (("hook_name", read), ("hook_name_out", write)):
        if not isinstance(found, str) or not found:
            raise MicrotomeError(
                f"{folder / CONFIG}: metadata.{field} is {found!r}, expected a site; pass reads "
                f"and writes, such as 'blocks.3.mlp.in' and 'blocks.3.mlp.out'"
            )
    assert isinstance(read, str) and isinstance(write, str)
    return read, write


def _sizes(folder: Path, config: dict, architecture: str) -> dict[str, int]:
    """Sizes that the configuration states; an SAE writes what it reads."""
    fields = {"d_in": "d_in", "features": "d_sae", "d_out": "d_out"}
    if architecture in SAES:
        fields["d_out"] = "d_in"
    sizes = {}
    for axis, field in fields.items():
        value = config.get(field)
        if value is None:
            continue
        if not isinstance(value, int) or value < 1:
            raise MicrotomeError(f"{folder / CONFIG}: {field} is {value!r}, expected a size")
        sizes[axis] = value
    return sizes


def _encoder(
    file: TensorFile, folder: Path, config: dict, architecture: str, sizes: dict[str, int]
) -> Encoder:
    if architecture == "gated":
        return _gated(file, sizes)
    bias = file.take("b_enc", "features", sizes).float()
    weight = file.take("W_enc", "d_in features", sizes).float().T
    if "jumprelu" in architecture:
        threshold = file.take("threshold", "features", sizes).float()
        return Encoder(weight, bias, Activation("jumprelu", threshold=threshold))
    if architecture == "topk":
        return Encoder(weight, bias, Activation("topk", k=_k(folder, config)))
    return Encoder(weight, bias, Activation("relu"))


def _gated(file: TensorFile, sizes: dict[str, int]) -> Encoder:
    gate, magnitude, log_ratio = (
        file.take(name, "features", sizes).float() for name in ("b_gate", "b_mag", "r_mag")
    )
    return gated(file.take("W_enc", "d_in features", sizes).float().T, gate, magnitude, log_ratio)


def _k(folder: Path, config: dict) -> int:
    older = config.get("activation_fn_kwargs")
    k = config.get("k", older.get("k") if isinstance(older, dict) else None)
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise MicrotomeError(f"{folder / CONFIG}: k is {k!r}, expected a number of at least 1")
    return k


def _skip(file: TensorFile, architecture: str, sizes: dict[str, int]) -> Tensor | None:
    if "skip" in architecture or (architecture in TRANSCODERS and "W_skip" in file):
        return file.take("W_skip", "d_out d_in", sizes).float().T
    return None


def _skip_first(metadata: dict) -> bool:
    """Whether position 0 was left out of training; true, as usual here, where nothing is said.

    A configuration that says nothing of positions leaves out the first if it leaves out special
    tokens, of which it is one.
    """
    slices = metadata.get("seqpos_slice")
    if slices is None:
        return "exclude_special_tokens" not in metadata or _skip_special(metadata)
    return bool(isinstance(slices, list) and slices and slices[0])


def _skip_special(metadata: dict) -> bool:
    """Whether special tokens, or those of a list, were left out of training."""
    return bool(metadata.get("exclude_special_tokens"))


def _model(metadata: dict) -> str:
    """The fingerprint that microtome notes of the model."""
    model = metadata.get(MODEL)
    return model if isinstance(model, str) else ""
