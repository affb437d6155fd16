"""Running commands as a user does: exit code, stdout, stderr."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from microtome.cli.app import main
from microtome.dictionary import Dictionary, save_dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model


class Result(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `microtome ...` in this process."""

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["microtome", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        capsys.readouterr()
        code, on_interrupt = 0, signal.getsignal(signal.SIGINT)
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            signal.signal(signal.SIGINT, on_interrupt)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def tiny() -> LanguageModel:
    """A tiny llama whose vocabulary is the start of the adder's."""
    model = tiny_model("llama", torch.float32)
    model.tokenizer = build_tokenizer()
    return model


@pytest.fixture(scope="session")
def model_folder(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.hf.save_pretrained(folder)
    assert tiny.tokenizer is not None
    tiny.tokenizer.save_pretrained(folder)
    return folder


def write_dictionary(dictionary: Dictionary, folder: Path) -> Path:
    save_dictionary(dictionary, folder, dtype=torch.float32)
    return folder


@pytest.fixture(scope="session")
def dictionary_folder(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dictionary(tiny_dictionary(tiny, "clt"), tmp_path_factory.mktemp("d") / "clt")
