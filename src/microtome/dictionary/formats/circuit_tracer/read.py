"""circuit-tracer's folders: `config.yaml` beside one file (PLT) or two (CLT) per layer.

A transcoder set has `layer_N.safetensors` with `W_enc (F, d_in)` (transposed against SAELens),
`W_dec (F, d_out)`, `b_enc`, `b_dec`, optionally `W_skip (d_out, d_in)` used as x @ W_skip.T, and
`activation_function.threshold (F)`. A cross-layer transcoder has `W_enc_N.safetensors` with
`W_enc_N`, `b_enc_N`, `b_dec_N`, optionally `threshold_N` and `W_skip_N (d_in, d_out)`, used
untransposed as x @ W_skip, and `W_dec_N.safetensors` with `W_dec_N (F, L - N, d_out)`.

With a threshold the activation function is JumpReLU; else `activation` of the configuration, else
ReLU. One deviation: circuit-tracer lets negative values pass a negative threshold, here a feature
is never negative. Sites are `blocks.N.` and the hook, by the name that the file gives it. Position
0 counts as left out, as circuit-tracer zeroes it, unless a note by microtome says otherwise.
"""

import re
from dataclasses import replace
from pathlib import Path

import yaml

from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.formats.detect import CIRCUIT_TRACER
from microtome.dictionary.formats.gemma_scope.read import cross_layer, one_layer
from microtome.dictionary.formats.hub import SCHEME, HubName
from microtome.dictionary.formats.layers import combine, site
from microtome.dictionary.formats.sites import read_note
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError

CONFIG = CIRCUIT_TRACER
PLT, CLT = "transcoder_set", "cross_layer_transcoder"


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases: a few lines of them can unfold to gigabytes, or to a cycle."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def _scalars(config: dict) -> dict[str, str | int | float | bool]:
    """The plain values of a configuration, to be kept with the dictionary; dates as text."""
    plain = {k: v for k, v in config.items() if not isinstance(v, list | dict | set | tuple)}
    return {
        str(k): v if isinstance(v, str | int | float | bool) else str(v) for k, v in plain.items()
    }


def load_circuit_tracer(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """Read a transcoder set or a cross-layer transcoder; decoders stay memory-mapped.

    `reads` and `writes` are templates such as `blocks.{layer}.mlp.in`; without them the
    configuration's hooks are taken. Files that `transcoders` lists on the hub are downloaded.

    Raises:
        MicrotomeError: a configuration or files that do not fit the format, or a missing layer.
    """
    config = _config(folder / CONFIG)
    templates = (
        reads or _hook(folder, config, "feature_input_hook"),
        writes or _hook(folder, config, "feature_output_hook"),
    )
    if "transcoders" in config:
        read = _listed(folder, config, templates)
    elif config["model_kind"] == PLT:
        paths = _files_by_layer(folder, "layer")
        parts = [_layer(path, *_sites(templates, i, path), config) for i, path in enumerate(paths)]
        read = combine(parts, folder)
    else:
        read = _cross_layer(folder, templates, config)
    # through JSON, because YAML has dates and tuples that a manifest cannot hold
    info = {"format": "circuit-tracer", "config": _scalars(config)}
    return read_note(config, folder / CONFIG).of(replace(read, info=info))


def _config(path: Path) -> dict:
    try:
        config = yaml.load(path.read_text(encoding="utf-8"), _PlainLoader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise MicrotomeError(f"{path} is not readable as YAML: {reason}") from error
    kind = config.get("model_kind") if isinstance(config, dict) else None
    if kind not in (PLT, CLT):
        raise MicrotomeError(
            f"{path}: field 'model_kind' is {kind!r}, expected {PLT} or {CLT}; only "
            f"circuit-tracer's dictionaries have a {CONFIG} here"
        )
    return config


def _hook(folder: Path, config: dict, field: str) -> str:
    hook = config.get(field)
    if not isinstance(hook, str) or not hook:
        raise MicrotomeError(
            f"{folder / CONFIG}: field {field!r} is {hook!r}, expected a hook such as "
            f"'mlp.hook_in'; add it, or pass reads and writes"
        )
    return hook if hook.startswith("blocks.") else f"blocks.{{layer}}.{hook}"


def _sites(templates: tuple[str, str], layer: int, path: Path) -> tuple[str, str]:
    return site(templates[0], layer, path), site(templates[1], layer, path)


def _files_by_layer(folder: Path, stem: str) -> list[Path]:
    """The files STEM_0.safetensors, STEM_1.safetensors and so on, none missing."""
    pattern = re.compile(rf"{stem}_(\d+)\.safetensors")
    found = {int(m[1]) for path in folder.iterdir() if (m := pattern.fullmatch(path.name))}
    for layer in range(max(found, default=0) + 1):
        if layer not in found:
            raise MicrotomeError(f"{folder} is incomplete: it has no {stem}_{layer}.safetensors")
    return [folder / f"{stem}_{layer}.safetensors" for layer in range(len(found))]


def _listed(folder: Path, config: dict, templates: tuple[str, str]) -> Dictionary:
    """A dictionary whose files, one per layer, the configuration lists."""
    entries = config["transcoders"]
    if not isinstance(entries, list) or not entries:
        raise MicrotomeError(f"{folder / CONFIG}: field 'transcoders' is not a list of files")
    paths = [_local(folder, entry) for entry in entries]
    sites = [_sites(templates, layer, path) for layer, path in enumerate(paths)]
    if config["model_kind"] == CLT:
        # files that are listed are Gemma Scope 2's; circuit-tracer's own lie in the folder
        return cross_layer(paths, [s[0] for s in sites], [s[1] for s in sites], folder)
    return combine(
        [_any_layer(path, *s, config) for path, s in zip(paths, sites, strict=True)], folder
    )


def _local(folder: Path, entry: object) -> Path:
    """The file behind an entry of `transcoders`; a path may not lead out of the folder."""
    if isinstance(entry, str) and entry.startswith(SCHEME):
        if name := HubName.parse(entry):
            return name.fetch()
    elif isinstance(entry, str) and not Path(entry).is_absolute() and ".." not in Path(entry).parts:
        return folder / entry
    raise MicrotomeError(
        f"{folder / CONFIG}: 'transcoders' lists {entry!r}, expected a path inside the folder or "
        f"hf://owner/repository/file"
    )


def _any_layer(path: Path, read: str, write: str, config: dict) -> Dictionary:
    """One layer's file, in Gemma Scope's layout or circuit-tracer's own."""
    if path.suffix == ".npz" or "w_enc" in TensorFile(path):
        return one_layer(path, read, write)
    return _layer(path, read, write, config)


def _layer(path: Path, read: str, write: str, config: dict) -> Dictionary:
    file = TensorFile(path)
    sizes: dict[str, int] = {}
    bias = file.take("b_enc", "features", sizes).float()
    decoder_bias = file.take("b_dec", "d_out", sizes).float()
    weight = file.take("W_enc", "features d_in", sizes).float()
    decoder = Decoder(file.take("W_dec", "features d_out", sizes)[:, None], (0,))
    skip = file.take("W_skip", "d_out d_in", sizes).float().T if "W_skip" in file else None
    activation = _activation(file, "activation_function.threshold", config, sizes)
    return Dictionary(
        reads=(read,),
        writes=(write,),
        encoders=(Encoder(weight, bias, activation),),
        decoders=(decoder,),
        biases=(decoder_bias,),
        skips=(skip,),
        name=str(path),
    )


def _cross_layer(folder: Path, templates: tuple[str, str], config: dict) -> Dictionary:
    paths = _files_by_layer(folder, "W_enc")
    sizes: dict[str, int] = {}
    sites = [_sites(templates, layer, path) for layer, path in enumerate(paths)]
    encoders, decoders, biases, skips = [], [], [], []
    for layer, path in enumerate(paths):
        file = TensorFile(path)
        bias = file.take(f"b_enc_{layer}", "features", sizes).float()
        biases.append(file.take(f"b_dec_{layer}", "d_out", sizes).float())
        weight = file.take(f"W_enc_{layer}", "features d_in", sizes).float()
        activation = _activation(file, f"threshold_{layer}", config, sizes)
        encoders.append(Encoder(weight, bias, activation))
        skip = f"W_skip_{layer}"
        skips.append(file.take(skip, "d_in d_out", sizes).float() if skip in file else None)
        sizes["targets"] = len(paths) - layer
        file = TensorFile(folder / f"W_dec_{layer}.safetensors")
        weight = file.take(f"W_dec_{layer}", "features targets d_out", sizes)
        decoders.append(Decoder(weight, tuple(range(layer, len(paths)))))
    return Dictionary(
        reads=tuple(s[0] for s in sites),
        writes=tuple(s[1] for s in sites),
        encoders=tuple(encoders),
        decoders=tuple(decoders),
        biases=tuple(biases),
        skips=tuple(skips),
        name=str(folder),
    )


def _activation(
    file: TensorFile, threshold: str, config: dict, sizes: dict[str, int]
) -> Activation:
    if threshold in file:
        value = file.take(threshold, "features", sizes).float()
        return Activation("jumprelu", threshold=value)
    kind = config.get("activation") or "relu"
    if kind == "relu":
        return Activation("relu")
    if kind == "topk":
        return Activation("topk", k=_k(file, config))
    raise MicrotomeError(
        f"{file.path}: {CONFIG} names activation {kind!r} and the file has no {threshold!r}, "
        f"expected relu, topk, or thresholds"
    )


def _k(file: TensorFile, config: dict) -> int:
    """Features kept per token, by the configuration or the file, which may not disagree."""
    in_file = file.whole_number("k") if "k" in file else None
    stated = config.get("k")
    k = in_file if stated is None else stated
    agree = in_file is None or in_file == k
    if not agree or not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise MicrotomeError(
            f"{file.path}: k is {in_file} in the file and {stated} in {CONFIG}, expected one whole "
            f"number of at least 1"
        )
    return k
