"""The model of a trained specimen on disk, which is there whole or not at all."""

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from microtome.artifact.whole import whole_folder
from microtome.errors import MicrotomeError


def is_built(model: Path) -> bool:
    """Whether the folder of a model is whole."""
    return (model / "tokenizer.json").is_file()


def check_place(model: Path) -> None:
    """Refuse what is no model and stands where one is to be, before it is trained.

    Raises:
        MicrotomeError: there is something.
    """
    if model.is_file() or (model.is_dir() and not is_built(model) and any(model.iterdir())):
        raise MicrotomeError(
            f"{model} is something else already, or half a model; move it away, or name another "
            f"folder to build in"
        )


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a model with its tokenizer.

    Raises:
        MicrotomeError: it cannot be written, or the folder has something in it.
    """
    with whole_folder(folder, force=False) as beside:
        model.save_pretrained(beside)
        tokenizer.save_pretrained(beside)
