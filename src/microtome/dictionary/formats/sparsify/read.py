"""sparsify's folders: one for each hookpoint, with `cfg.json` and `sae.safetensors`.

`encoder.weight (F, d)`, `encoder.bias (F)`, `W_dec (F, d)`, `b_dec (d)`, optionally `W_skip (d, d)`
used as x @ W_skip.T. All are TopK. An SAE subtracts b_dec from its input before encoding, which is
folded into the encoder's bias; a transcoder does not.

A hookpoint is a module, named by its folder: `layers.3.mlp` stands for what the MLP of block 3
puts out, and for a transcoder also for what it reads; `layers.3` for the block; `h.3` is GPT-2's
name for one. In families with a norm behind the MLP (Gemma 2 and 3) the module puts out what the
norm reads, for which there is no site.
"""

import re
from pathlib import Path

from microtome.artifact.json_file import read_json
from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.formats.detect import SPARSIFY
from microtome.dictionary.formats.fold import fold_shift
from microtome.dictionary.formats.sites import Note, read_note, resolve
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError

CONFIG, WEIGHTS = SPARSIFY
_HOOKPOINT = re.compile(r"(?:.*\.)?(?:layers|h)\.(\d+)(?:\.(mlp|self_attn|attn|attention))?")
_WRITES = {None: "resid.post", "mlp": "mlp.out"}
"""What a module puts out; attention by whichever name the family gives it."""
_READS = {None: "resid.pre", "mlp": "mlp.in"}
"""What a module reads, for transcoders."""


def load_sparsify(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """Read one hookpoint's SAE or transcoder; the decoder stays memory-mapped.

    `reads` and `writes` are templates such as `blocks.{layer}.mlp.in`; without them the name of
    the folder says the hookpoint.

    Raises:
        MicrotomeError: an option that is not read, a hookpoint that is no site, or files that do
            not fit the format.
    """
    config = read_json(folder / CONFIG)
    _refuse_options(folder, config)
    note = read_note(config, folder / CONFIG)
    transcode = _flag(folder, config, "transcode")
    read, write = _sites(folder, note, transcode, reads, writes)
    file = TensorFile(folder / WEIGHTS)
    sizes = _sizes(folder, config)
    bias = file.take("encoder.bias", "features", sizes).float()
    weight = file.take("encoder.weight", "features d", sizes).float()
    encoder = Encoder(weight, bias, Activation("topk", k=_size(folder, config, "k")))
    decoder_bias = file.take("b_dec", "d", sizes).float()
    skip = None
    if _flag(folder, config, "skip_connection"):
        # nn.Linear's orientation, (out, in)
        skip = file.take("W_skip", "d d", sizes).float().T
    found = Dictionary(
        reads=(read,),
        writes=(write,),
        encoders=(encoder if transcode else fold_shift(encoder, decoder_bias),),
        decoders=(Decoder(file.take("W_dec", "features d", sizes)[:, None], (0,)),),
        biases=(decoder_bias,),
        skips=(skip,),
        name=str(folder),
        info={"format": "sparsify", "config": config},
    )
    return note.of(found)


def _refuse_options(folder: Path, config: dict) -> None:
    """Refuse by name what changes the result and has no place in a dictionary."""
    activation = config.get("activation", "topk")
    if activation != "topk":
        raise MicrotomeError(
            f"{folder / CONFIG}: activation is {activation!r}, which is not read; expected 'topk'"
        )
    if config.get("signed"):
        raise MicrotomeError(
            f"{folder / CONFIG}: signed is {config['signed']!r}, which is not read; features here "
            f"are never negative"
        )


def _flag(folder: Path, config: dict, field: str) -> bool:
    value = config.get(field, False)
    if not isinstance(value, bool):
        raise MicrotomeError(f"{folder / CONFIG}: {field} is {value!r}, expected true or false")
    return value


def _size(folder: Path, config: dict, field: str) -> int:
    value = config.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise MicrotomeError(
            f"{folder / CONFIG}: {field} is {value!r}, expected a number of at least 1"
        )
    return value


def _sizes(folder: Path, config: dict) -> dict[str, int]:
    """Sizes that the configuration states; no number of features means a multiple of the width."""
    width = _size(folder, config, "d_in")
    if config.get("num_latents"):
        return {"d": width, "features": _size(folder, config, "num_latents")}
    return {"d": width, "features": width * _size(folder, config, "expansion_factor")}


def _sites(
    folder: Path, note: Note, transcode: bool, reads: str | None, writes: str | None
) -> tuple[str, str]:
    """Sites by templates, else by microtome's note, else by the hookpoint."""
    layer, hook_in, hook_out = _hookpoint(folder)
    named = (hook_in if transcode else hook_out), hook_out
    read, write = resolve((reads, writes), note, named, layer, folder, sae=not transcode)
    if read is None or write is None:
        raise MicrotomeError(
            f"{folder} is not named after a hookpoint whose sites are known, such as layers.3.mlp; "
            f"pass reads and writes, such as 'blocks.3.mlp.in' and 'blocks.3.mlp.out'"
        )
    return read, write


def _hookpoint(folder: Path) -> tuple[int | None, str | None, str | None]:
    """Layer and sites read and written of the deepest hookpoint in a path."""
    for part in reversed(folder.absolute().parts):
        if match := _HOOKPOINT.fullmatch(part):
            block, module = f"blocks.{match[1]}.", match[2]
            kind_in, kind_out = _READS.get(module), _WRITES.get(module, "attn.out")
            return int(match[1]), kind_in and block + kind_in, block + kind_out
    return None, None, None
