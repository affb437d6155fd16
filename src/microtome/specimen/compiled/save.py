"""A compiled model as folders: `model` in Hugging Face layout, `truth` beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformers.utils import logging as transformers_logging

from microtome.artifact import check_output
from microtome.artifact.whole import replaces, whole_folder
from microtome.specimen.compiled.compile import Compiled, compile_program
from microtome.specimen.compiled.ground_truth import ground_truth
from microtome.specimen.compiled.inputs import sample_inputs
from microtome.specimen.truth import save_truth

MODEL, TRUTH = "model", "truth"
TEXTS = 512
"""Random texts whose labels the truth of a specimen holds."""


def save_compiled(compiled: Compiled, folder: str | Path, texts: int = TEXTS) -> None:
    """Write `model` and `truth` into a folder.

    Args:
        compiled: what to write.
        folder: to write into.
        texts: how many random texts to label in the truth.

    Raises:
        MicrotomeError: an output that exists, or a file system error.
    """
    folder = Path(folder)
    replaces(folder / MODEL, force=False)
    check_output(folder / TRUTH, kind="truth")
    truth, tensors = ground_truth(compiled, sample_inputs(compiled.program, texts))
    with whole_folder(folder / MODEL, force=False) as beside, _no_progress():
        compiled.hf.save_pretrained(beside)
        compiled.tokenizer.save_pretrained(beside)
    model = compiled.language_model()
    made = {**compiled.config, "texts": texts}
    save_truth(truth, tensors, folder / TRUTH, made, {"model": model.fingerprint})


@contextmanager
def _no_progress() -> Iterator[None]:
    """A file of kilobytes needs no bar."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def build_specimen(name: str, folder: Path) -> None:
    """Make a bundled specimen's parts: its program with seed 0 and all defaults."""
    save_compiled(compile_program(name), folder)
