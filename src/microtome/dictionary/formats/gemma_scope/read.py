"""Gemma Scope's files: `params.npz` (Lieberum et al. 2024, https://arxiv.org/abs/2408.05147) and
Gemma Scope 2's `params.safetensors` with lower-case names.

All are JumpReLU without subtraction of b_dec: `W_enc (d_in, F)`, `W_dec (F, d_out)`, `b_enc`,
`b_dec`, `threshold (F)`; Gemma Scope 2 adds `affine_skip_connection (d_in, d_out)`, used as
x @ skip. Its cross-layer transcoder is a folder of one `params_layer_N.safetensors` per layer with
`w_dec (F, L, d_out)`. The second axis counts all layers; a feature writes to its own and later
ones, so the (zero) rows for earlier layers are left out.

Both were trained without the first token. Gemma Scope does not say which sites it reads and writes;
Gemma Scope 2 does, in `config.json`, by the names of modules. What microtome writes says it in a
note there, in either version.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.formats.detect import layer_files, params_file
from microtome.dictionary.formats.layers import layer_of_path, site
from microtome.dictionary.formats.sites import Note, read_note, resolve
from microtome.dictionary.tensors import NpzFile, TensorFile
from microtome.errors import MicrotomeError

CONFIG = "config.json"
_MODULE = re.compile(r"(?:.*\.)?layers\.(\d+)\.(.+)")
MODULES = {
    "output": "resid.post",
    "pre_feedforward_layernorm.output": "mlp.in",
    "post_feedforward_layernorm.output": "mlp.out",
    "self_attn.o_proj.input": "attn.head.out",
}
"""Gemma 3 modules that Gemma Scope 2 reads and writes, as sites."""


def load_gemma_scope(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """Read one layer's dictionary or a cross-layer transcoder.

    `reads` and `writes` are templates such as `blocks.{layer}.mlp.in`.

    Raises:
        MicrotomeError: sites that nothing names, or files that do not fit the format.
    """
    config = _config(folder)
    note = read_note(config, folder / CONFIG)
    if files := layer_files(folder):
        _refuse_gaps(folder, files)
        layers = sorted(files)
        read = _layer_sites(folder, layers, reads, note.reads)
        written = _layer_sites(folder, layers, writes, note.writes)
        paths = [files[layer] for layer in layers]
        return note.of(cross_layer(paths, read, written, folder))
    path = params_file(folder)
    if path is None:
        raise MicrotomeError(f"{folder} has neither params.safetensors nor params.npz")
    return note.of(one_layer(path, *_sites(path, config, note, reads, writes)))


def _config(folder: Path) -> dict:
    """What `config.json` says of one layer's dictionary, where there is one."""
    path = folder / CONFIG
    config = read_json(path) if path.is_file() else {}
    if config.get("type") == "crosscoder":
        raise MicrotomeError(f"{path}: crosscoders are not read yet; pass an SAE's folder")
    return config


def _layer_sites(
    folder: Path, layers: list[int], template: str | None, noted: list[str]
) -> tuple[str, ...]:
    """A site for each layer, by a template or microtome's note."""
    if template:
        return tuple(site(template, layer, folder) for layer in layers)
    if len(noted) != len(layers):
        raise _no_sites(folder)
    return tuple(noted)


def one_layer(path: Path, read: str, write: str) -> Dictionary:
    """The dictionary of one parameter file, between sites that are known."""
    file = NpzFile(path) if path.suffix == ".npz" else TensorFile(path)
    sizes: dict[str, int] = {}
    encoder = _encoder(file, sizes)
    bias = file.take("b_dec", "d_out", sizes).float()
    decoder = Decoder(_take_w(file, "dec", "features d_out", sizes)[:, None], (0,))
    skip = None
    if "affine_skip_connection" in file:
        skip = file.take("affine_skip_connection", "d_in d_out", sizes).float()
    return Dictionary(
        reads=(read,),
        writes=(write,),
        encoders=(encoder,),
        decoders=(decoder,),
        biases=(bias,),
        skips=(skip,),
        name=str(path.parent),
        info={"format": "gemma-scope"},
    )


def cross_layer(
    paths: Sequence[Path], reads: Sequence[str], writes: Sequence[str], folder: Path
) -> Dictionary:
    """The cross-layer transcoder of one parameter file per layer, in order of layer.

    Raises:
        MicrotomeError: a crosscoder, which has the same files but writes what it reads.
    """
    if tuple(reads) == tuple(writes):
        raise MicrotomeError(
            f"{folder} would write the sites that it reads, as Gemma Scope 2's crosscoders do, "
            f"which are not read yet; a cross-layer transcoder reads mlp.in and writes mlp.out"
        )
    sizes = {"layers": len(paths)}
    files = [TensorFile(path) for path in paths]
    encoders = tuple(_encoder(file, sizes) for file in files)
    biases = tuple(file.take("b_dec", "d_out", sizes).float() for file in files)
    decoders = tuple(
        Decoder(
            _take_w(file, "dec", "features layers d_out", sizes)[:, layer:],
            tuple(range(layer, len(files))),
        )
        for layer, file in enumerate(files)
    )
    skips = tuple(
        file.take("affine_skip_connection", "d_in d_out", sizes).float()
        if "affine_skip_connection" in file
        else None
        for file in files
    )
    return Dictionary(
        reads=tuple(reads),
        writes=tuple(writes),
        encoders=encoders,
        decoders=decoders,
        biases=biases,
        skips=skips,
        name=str(folder),
        info={"format": "gemma-scope"},
    )


def _encoder(file: TensorFile, sizes: dict[str, int]) -> Encoder:
    bias = file.take("b_enc", "features", sizes).float()
    threshold = file.take("threshold", "features", sizes).float()
    weight = _take_w(file, "enc", "d_in features", sizes).float().T
    return Encoder(weight, bias, Activation("jumprelu", threshold=threshold))


def _take_w(file: TensorFile, name: str, axes: str, sizes: dict[str, int]) -> Tensor:
    """W_enc or W_dec, whichever case the file writes it in."""
    return file.take(f"w_{name}" if f"w_{name}" in file else f"W_{name}", axes, sizes)


def _sites(
    path: Path, config: dict, note: Note, reads: str | None, writes: str | None
) -> tuple[str, str]:
    """Sites by templates, else by microtome's note, else by the modules of the configuration."""
    hook_in = config.get("hf_hook_point_in")
    hook_out = config.get("hf_hook_point_out")
    if hook_out is None and config.get("type", "sae") == "sae":
        # an SAE's configuration may leave out what it writes
        hook_out = hook_in
    named = _module_site(hook_in), _module_site(hook_out)
    read, write = resolve((reads, writes), note, named, layer_of_path(path), path)
    if read is None or write is None:
        raise _no_sites(path.parent)
    return read, write


def _module_site(module: object) -> str | None:
    """The site of a module such as `model.layers.5.output`; None if it is not known."""
    match = _MODULE.fullmatch(module) if isinstance(module, str) else None
    kind = MODULES.get(match[2]) if match else None
    return f"blocks.{match[1]}.{kind}" if match and kind else None


def _no_sites(folder: Path) -> MicrotomeError:
    return MicrotomeError(
        f"{folder} does not say which sites it reads and writes; pass reads and writes, such as "
        f"'blocks.{{layer}}.resid.post' for both (an SAE) or 'blocks.{{layer}}.mlp.in' and "
        f"'blocks.{{layer}}.mlp.out' (a transcoder)"
    )


def _refuse_gaps(folder: Path, files: dict[int, Path]) -> None:
    missing = sorted(set(range(max(files) + 1)) - set(files))
    if missing:
        raise MicrotomeError(
            f"{folder} is incomplete: it has no params_layer_{missing[0]}.safetensors, though one "
            f"of layer {max(files)}; fetch it"
        )
