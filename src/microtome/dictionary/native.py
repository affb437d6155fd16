"""microtome's own dictionary artifact: manifest.json and weights.safetensors."""

from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.torch import save_file
from torch import Tensor

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact, read_manifest
from microtome.dictionary.activation import Activation, ActivationKind
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError

WEIGHTS = "weights.safetensors"


class DictionaryContent(BaseModel):
    """What the manifest records of a dictionary besides its provenance."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    reads: list[str]
    writes: list[str]
    sources: list[list[int]] = []
    """Per encoder, the indices of the sites read; one each in order where empty (schema 1)."""
    targets: list[list[int]]
    """Per encoder, the indices of the written sites."""
    activation: ActivationKind
    k: int | None = None
    features: list[int]
    d_in: int
    d_out: int
    skip_first: bool
    skip_special: bool = False
    model: str
    info: dict


def save_dictionary(
    dictionary: Dictionary,
    path: Path,
    config: dict | None = None,
    dtype: torch.dtype | None = None,
    force: bool = False,
) -> None:
    """Write a dictionary as an artifact folder.

    Args:
        dictionary: what to write.
        path: the folder to make.
        config: the recipe that made it, kept in the manifest.
        dtype: of the weight matrices; biases and thresholds are always float32, because
            half-precision thresholds round away.
        force: replace an artifact that exists.

    Raises:
        MicrotomeError: layers with different activation functions, or an output that exists.
    """
    first = _one_activation(dictionary)
    content = DictionaryContent(
        kind=dictionary.kind,
        reads=list(dictionary.reads),
        writes=list(dictionary.writes),
        sources=[list(sources) for sources in dictionary.sources],
        targets=[list(decoder.targets) for decoder in dictionary.decoders],
        activation=first.kind,
        k=first.k,
        features=list(dictionary.n_features),
        d_in=dictionary.d_in,
        d_out=dictionary.d_out,
        skip_first=dictionary.skip_first,
        skip_special=dictionary.skip_special,
        model=dictionary.model,
        info=dictionary.info,
    )
    manifest = Manifest(
        kind="dictionary",
        schema_version=SCHEMA_VERSIONS["dictionary"],
        config=config or {},
        inputs={"model": dictionary.model} if dictionary.model else {},
        content=content.model_dump(),
    )
    with new_artifact(path, manifest, force) as folder:
        save_file(_tensors(dictionary, dtype), folder / WEIGHTS)


def _one_activation(dictionary: Dictionary) -> Activation:
    """The activation function of every encoder, as the manifest records only one."""
    first = dictionary.encoders[0].activation
    for sources, encoder in zip(dictionary.sources, dictionary.encoders, strict=True):
        site = dictionary.reads[sources[0]]
        if (encoder.activation.kind, encoder.activation.k) != (first.kind, first.k):
            raise MicrotomeError(
                f"{dictionary.name}: {site} has activation {encoder.activation.kind} (k "
                f"{encoder.activation.k}) and {dictionary.reads[0]} {first.kind} (k {first.k}), "
                f"but an artifact holds one activation function; save them apart"
            )
    return first


def _tensors(dictionary: Dictionary, dtype: torch.dtype | None) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()

    def put(name: str, tensor: Tensor, as_dtype: torch.dtype | None) -> None:
        tensor = tensor.detach().to("cpu", as_dtype or tensor.dtype).contiguous()
        # safetensors refuses two names for the same memory, such as tied or shared weights
        tensors[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())

    for i, (encoder, decoder) in enumerate(
        zip(dictionary.encoders, dictionary.decoders, strict=True)
    ):
        put(f"encoder.{i}.weight", encoder.weight, dtype)
        put(f"encoder.{i}.bias", encoder.bias, torch.float32)
        if encoder.activation.threshold is not None:
            put(f"encoder.{i}.threshold", encoder.activation.threshold, torch.float32)
        put(f"decoder.{i}.weight", decoder.weight, dtype)
    for j, (bias, skip) in enumerate(zip(dictionary.biases, dictionary.skips, strict=True)):
        put(f"decoder_bias.{j}", bias, torch.float32)
        if skip is not None:
            put(f"skip.{j}", skip, dtype)
    return tensors


def load_native(path: Path) -> Dictionary:
    """Read a dictionary artifact; decoders stay memory-mapped in the file's dtype.

    Raises:
        MicrotomeError: not a dictionary, incomplete, or from a newer version.
    """
    content = _content(path)
    file = TensorFile(path / WEIGHTS)
    sizes = {"d_in": content.d_in, "d_out": content.d_out}
    encoders, decoders = [], []
    for i, (features, targets) in enumerate(zip(content.features, content.targets, strict=True)):
        n_sources = len(content.sources[i]) if content.sources else 1
        sizes |= {"features": features, "targets": len(targets)}
        sizes["d_read"] = n_sources * content.d_in
        weight = file.take(f"encoder.{i}.weight", "features d_read", sizes).float()
        bias = file.take(f"encoder.{i}.bias", "features", sizes).float()
        threshold = None
        if content.activation in ("jumprelu", "batchtopk"):
            threshold = file.real(f"encoder.{i}.threshold").float()
        activation = Activation(content.activation, content.k, threshold)
        encoders.append(Encoder(weight, bias, activation))
        weight = file.take(f"decoder.{i}.weight", "features targets d_out", sizes)
        decoders.append(Decoder(weight, tuple(targets)))
    sites = range(len(content.writes))
    return Dictionary(
        reads=tuple(content.reads),
        writes=tuple(content.writes),
        encoders=tuple(encoders),
        decoders=tuple(decoders),
        biases=tuple(file.take(f"decoder_bias.{j}", "d_out", sizes).float() for j in sites),
        skips=tuple(
            file.take(f"skip.{j}", "d_in d_out", sizes).float() if f"skip.{j}" in file else None
            for j in sites
        ),
        sources=tuple(tuple(sources) for sources in content.sources),
        skip_first=content.skip_first,
        skip_special=content.skip_special,
        model=content.model,
        name=str(path),
        info=content.info,
    )


def _content(path: Path) -> DictionaryContent:
    manifest = read_manifest(path, "dictionary")
    try:
        content = DictionaryContent.model_validate(manifest.content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in ("content", *first["loc"]))
        raise MicrotomeError(f"{path}/manifest.json: field {field!r}: {first['msg']}") from error
    sources = content.sources or content.reads
    counts = {len(sources), len(content.targets), len(content.features)}
    if len(counts) > 1:
        raise MicrotomeError(
            f"{path}/manifest.json: content.sources, targets and features have different lengths; "
            f"make the dictionary again"
        )
    return content
