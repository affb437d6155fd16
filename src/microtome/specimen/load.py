"""Models, dictionaries, atlases and truths by name: hub, folder, or `specimen:NAME`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from microtome.artifact.manifest import with_article
from microtome.errors import MicrotomeError
from microtome.specimen.cache import cached_parts
from microtome.specimen.entry import PREFIX, Part, PartKind
from microtome.specimen.registry import find_part

if TYPE_CHECKING:
    import torch

    from microtome.atlas import Atlas
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel
    from microtome.specimen.truth import Truth


def specimen_path(name: str, part: str) -> Path:
    """Folder of a specimen's part: `specimen:adder`, `specimen:adder/plt`,
    `specimen:clerk/chat/sae`. One that is built on demand is built now.

    Args:
        name: of the specimen, of a variant of it, or of a part.
        part: meant where the name has none; "dictionary" for the first of them.

    Raises:
        MicrotomeError: unknown specimen, variant or part; names the nearest one. Or it is not
            there.
    """
    return part_path(find_part(name, part))


def part_path(part: Part) -> Path:
    """Folder of a part; one that is built on demand is built now.

    Raises:
        MicrotomeError: it is not there.
    """
    specimen = part.specimen
    if found := bundled_path(part):
        return found
    if specimen.build:
        if found := part.within(built := cached_parts(specimen)):
            return found
        raise MicrotomeError(
            f"the builder of specimen {specimen.name!r} made no {part.name!r} in {built}; if it "
            f"was taken from there, remove the folder to have it built again"
        )
    folder = (specimen.folder or Path()) / part.variant / part.name
    raise MicrotomeError(
        f"specimen {specimen.name!r} is not bundled with this install ({folder} is missing); make "
        f"it with: microtome specimen build {specimen.name} --out FOLDER"
    )


def bundled_path(part: Part) -> Path | None:
    """Folder of a part that need not be built; None where it is not there."""
    folder = part.specimen.folder
    return part.within(folder) if folder else None


def _specimen(name: str | Path, kind: PartKind) -> Path:
    """Folder of the part of a kind that a name means; another kind is refused."""
    part = find_part(str(name), kind)
    if part.kind != kind:
        raise MicrotomeError(
            f"{part.full_name} is {with_article(part.kind)}, not {with_article(kind)}"
        )
    return part_path(part)


def load_model(
    name: str | Path, device: str | None = None, dtype: "torch.dtype | None" = None
) -> "LanguageModel":
    """Load a model: a hub name, a folder in Hugging Face layout, or `specimen:adder`.

    Args:
        name: where it is.
        device: "cpu", "cuda" or "mps"; the best at hand by default.
        dtype: of the weights; by default the checkpoint's own, float32 on a CPU.

    Raises:
        MicrotomeError: not found, unreadable, or a family without an adapter.
    """
    from microtome.model import LanguageModel  # what loads takes seconds to import

    if not str(name).startswith(PREFIX):
        return LanguageModel.load(name, device, dtype)
    model = LanguageModel.load(_specimen(name, "model"), device, dtype)
    model.name = str(name)
    return model


def load_dictionary(
    name: str | Path, reads: str | None = None, writes: str | None = None
) -> "Dictionary":
    """Load a dictionary: a hub name, a folder in any format microtome reads, or
    `specimen:adder` (its CLT) or `specimen:adder/plt`, `specimen:clerk/chat/sae`.

    Args:
        name: where it is.
        reads: template of the sites read ("blocks.{layer}.mlp.in"), for formats that do not say.
        writes: template of the sites written.

    Raises:
        MicrotomeError: not found, unreadable, or inconsistent.
    """
    from dataclasses import replace

    from microtome.dictionary import load_dictionary as load_any_dictionary

    if not str(name).startswith(PREFIX):
        return load_any_dictionary(name, reads, writes)
    folder = _specimen(name, "dictionary")
    return replace(load_any_dictionary(folder, reads, writes), name=str(name))


def load_atlas(name: str | Path) -> "Atlas":
    """Open an atlas: its folder, or `specimen:adder` (the one of its CLT).

    Raises:
        MicrotomeError: not found, not an atlas, incomplete, damaged, or of a newer version.
    """
    from microtome.atlas import open_atlas

    if not str(name).startswith(PREFIX):
        return open_atlas(name)
    return open_atlas(_specimen(name, "atlas"))


def load_truth(name: str | Path) -> "tuple[Truth, Mapping[str, torch.Tensor]]":
    """Read what is known of a specimen: `specimen:reverse`, `specimen:clerk/chat`, or the folder
    of a truth; and its tensors by name, memory-mapped.

    Raises:
        MicrotomeError: not found, not a truth, incomplete, inconsistent or of a newer version.
    """
    from microtome.specimen.truth import load_truth as load_folder

    if not str(name).startswith(PREFIX):
        return load_folder(name)
    return load_folder(_specimen(name, "truth"))
