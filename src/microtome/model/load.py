"""Load a model from a Hugging Face hub name or a local folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from microtome.artifact.json_file import read_json
from microtome.errors import MicrotomeError
from microtome.model.adapter import adapter_for
from microtome.model.language_model import LanguageModel


def best_device() -> str:
    """The fastest device at hand."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(device: str) -> None:
    """Refuse a device that this machine or this build of torch does not have."""
    try:
        torch.zeros(1, device=device)
    except Exception as error:  # torch raises AssertionError, RuntimeError, NotImplementedError
        raise MicrotomeError(
            f"device {device!r} is not usable here ({first_line(error)}); use {best_device()!r}"
        ) from error


def load_model(
    name: str | Path, device: str | None = None, dtype: torch.dtype | None = None
) -> LanguageModel:
    """Load a causal language model and its tokenizer.

    Args:
        name: a folder in Hugging Face layout, or a hub name ("openai-community/gpt2").
        device: "cpu", "cuda", "mps"; the best one at hand by default.
        dtype: of the weights; by default the checkpoint's own, and float32 on a CPU.

    Raises:
        MicrotomeError: no such folder or hub model, unreadable files, unknown family.
    """
    _check_folder(Path(name), str(name))
    device = device or best_device()
    check_device(device)
    wanted = dtype or (torch.float32 if device == "cpu" else "auto")
    try:
        with _quiet_transformers():
            local = Path(name).exists()  # what a folder lacks is not looked for elsewhere
            config = AutoConfig.from_pretrained(name, local_files_only=local)
            adapter_for(config.model_type)
            hf, found = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportGeneralTypeIssues]
                name,
                config=config,
                dtype=wanted,
                local_files_only=local,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # refused below, with the name of the weight
            )
    except MicrotomeError:
        raise
    except Exception as error:  # transformers raises many kinds, most of them many lines long
        raise MicrotomeError(f"cannot load model {name}: {first_line(error)}") from error
    _check_weights(str(name), found)
    hf = hf.to(device)  # pyright: ignore[reportArgumentType]
    return LanguageModel(hf, _tokenizer(name), str(name))


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """No progress bars, no report of many lines: what is wrong is said in one sentence."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.CRITICAL)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)


def _check_weights(name: str, found: dict) -> None:
    """transformers fills what a checkpoint lacks with random numbers; that is not the model."""
    for fault, what in (("missing_keys", "lacks"), ("mismatched_keys", "has another shape of")):
        weights = sorted(key if isinstance(key, str) else str(key[0]) for key in found[fault])
        if weights:
            more = f" and {len(weights) - 1} more" if len(weights) > 1 else ""
            raise MicrotomeError(
                f"cannot load model {name}: its checkpoint {what} {weights[0]}{more}; the weights "
                f"and config.json do not belong together, or the download is incomplete"
            )


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its type when it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _check_folder(path: Path, name: str) -> None:
    looks_local = name.startswith((".", "/", "~")) or name.count("/") > 1
    if not path.exists():
        if looks_local:
            raise MicrotomeError(f"model folder {path} does not exist")
        return
    config = path / "config.json"
    if not config.is_file():
        raise MicrotomeError(
            f"{path} is not a model folder: it has no config.json (a Hugging Face model folder "
            f"holds config.json, model.safetensors and a tokenizer)"
        )
    if not read_json(config).get("model_type"):
        raise MicrotomeError(f"{config} names no model_type; is it a transformers model?")


def _tokenizer(name: str | Path) -> PreTrainedTokenizerBase | None:
    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=Path(name).exists())
    except Exception:  # a model without a tokenizer is still a model: token ids can be passed
        return None
