"""Models and dictionaries by name: hub, folder, or `specimen:NAME`."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    import torch

    from microtome.atlas import Atlas
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

PREFIX = "specimen:"
SPECIMENS = {
    "adder": {"model": "model", "dictionary": "clt", "clt": "clt", "plt": "plt", "atlas": "atlas"}
}
"""Bundled specimens and the folders of their parts; a dictionary is the CLT unless named, and the
atlas is the CLT's."""


def specimen_path(name: str, part: str) -> Path:
    """Folder of a specimen's part: `specimen:adder` or `specimen:adder/plt`.

    Raises:
        MicrotomeError: unknown specimen or part; names the nearest one.
    """
    specimen, _, wanted = name.removeprefix(PREFIX).partition("/")
    if specimen not in SPECIMENS:
        raise MicrotomeError(f"unknown specimen {specimen!r}; {nearest(specimen, SPECIMENS)}")
    parts = SPECIMENS[specimen]
    if (wanted or part) not in parts:
        raise MicrotomeError(f"specimen {specimen!r} has no {wanted!r}; {nearest(wanted, parts)}")
    folder = Path(__file__).parent / specimen / "assets" / parts[wanted or part]
    if not folder.is_dir():
        raise MicrotomeError(
            f"specimen {specimen!r} is not bundled with this install ({folder} is missing); make "
            f"it with: microtome specimen build {specimen} --out FOLDER"
        )
    return folder


def nearest(name: str, known: dict) -> str:
    """Words for an error message: the known name most like a wrong one, and all of them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}? Known: {', '.join(known)}"


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
    model = LanguageModel.load(specimen_path(str(name), "model"), device, dtype)
    model.name = str(name)
    return model


def load_dictionary(
    name: str | Path, reads: str | None = None, writes: str | None = None
) -> "Dictionary":
    """Load a dictionary: a hub name, a folder in any format microtome reads, or
    `specimen:adder` (its CLT) or `specimen:adder/plt`.

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
    folder = specimen_path(str(name), "dictionary")
    return replace(load_any_dictionary(folder, reads, writes), name=str(name))


def load_atlas(name: str | Path) -> "Atlas":
    """Open an atlas: its folder, or `specimen:adder` (the one of its CLT).

    Raises:
        MicrotomeError: not found, not an atlas, incomplete, damaged, or of a newer version.
    """
    from microtome.atlas import open_atlas

    if not str(name).startswith(PREFIX):
        return open_atlas(name)
    return open_atlas(specimen_path(str(name), "atlas"))
