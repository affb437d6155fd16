"""microtome's own dictionary artifact: manifest.json and weights.safetensors."""

from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.torch import save_file
from torch import Tensor

from microtome.artifact import Manifest, new_artifact, read_manifest
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
    targets: list[list[int]]
    """Per encoder, the indices of the written sites."""
    activation: ActivationKind
    k: int | None = None
    features: list[int]
    d_in: int
    d_out: int
    skip_first: bool
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
    """
    first = dictionary.encoders[0].activation
    content = DictionaryContent(
        kind=dictionary.kind,
        reads=list(dictionary.reads),
        writes=list(dictionary.writes),
        targets=[list(decoder.targets) for decoder in dictionary.decoders],
        activation=first.kind,
        k=first.k,
        features=list(dictionary.n_features),
        d_in=dictionary.d_in,
        d_out=dictionary.d_out,
        skip_first=dictionary.skip_first,
        model=dictionary.model,
        info=dictionary.info,
    )
    manifest = Manifest(
        kind="dictionary",
        schema_version=1,
        config=config or {},
        inputs={"model": dictionary.model} if dictionary.model else {},
        content=content.model_dump(),
    )
    with new_artifact(path, manifest, force) as folder:
        save_file(_tensors(dictionary, dtype), folder / WEIGHTS)


def _tensors(dictionary: Dictionary, dtype: torch.dtype | None) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}

    def put(name: str, tensor: Tensor, as_dtype: torch.dtype | None) -> None:
        tensors[name] = tensor.detach().to("cpu", as_dtype or tensor.dtype).contiguous()

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
    manifest = read_manifest(path, "dictionary")
    try:
        content = DictionaryContent.model_validate(manifest.content)
    except ValidationError as error:
        raise MicrotomeError(f"{path}/manifest.json: {error.errors()[0]['msg']}") from error
    file = TensorFile(path / WEIGHTS)
    encoders = tuple(
        Encoder(
            file[f"encoder.{i}.weight"].float(),
            file[f"encoder.{i}.bias"].float(),
            Activation(content.activation, content.k, file.get(f"encoder.{i}.threshold")),
        )
        for i in range(len(content.reads))
    )
    decoders = tuple(
        Decoder(file[f"decoder.{i}.weight"], tuple(targets))
        for i, targets in enumerate(content.targets)
    )
    sites = range(len(content.writes))
    skips = tuple(file.get(f"skip.{j}") for j in sites)
    return Dictionary(
        reads=tuple(content.reads),
        writes=tuple(content.writes),
        encoders=encoders,
        decoders=decoders,
        biases=tuple(file[f"decoder_bias.{j}"].float() for j in sites),
        skips=tuple(None if skip is None else skip.float() for skip in skips),
        skip_first=content.skip_first,
        model=content.model,
        name=str(path),
        info=content.info,
    )
