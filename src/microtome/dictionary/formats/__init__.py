"""Read a dictionary in any format that microtome knows."""

from pathlib import Path

from microtome.dictionary.dictionary import Dictionary


def load_dictionary(
    path: str | Path, reads: str | None = None, writes: str | None = None
) -> Dictionary:
    from microtome.dictionary.native import load_native

    return load_native(Path(path))
