"""Shapes and types of every annotated function are checked in all tests."""

import os
import warnings

from jaxtyping import install_import_hook

os.environ["HF_HUB_OFFLINE"] = "1"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # beartype on third-party hints
    _hook = install_import_hook("microtome", "beartype.beartype")

from pathlib import Path

import hypothesis
import pytest
import torch

# on a busy machine any call may take a second
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of reference models and fixtures; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no reference material at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """In several processes a file's tests stay in one, and so do all of the browser's, which
    share a server. (`--dist loadgroup` of xdist 3.8 groups nothing with pytest 9.2.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "tests/browser" if file.startswith("tests/browser/") else file

    return ByFile(config, log)


# tests are tiny: on a busy machine threads that wait for each other cost more than they do
torch.set_num_threads(1)
