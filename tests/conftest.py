"""Shapes and types of every annotated function are checked in all tests."""

import os
import warnings

from jaxtyping import install_import_hook

os.environ["HF_HUB_OFFLINE"] = "1"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # beartype on third-party hints
    _hook = install_import_hook("microtome", "beartype.beartype")

from pathlib import Path

import pytest
import torch

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In several processes a file's tests stay in one, and so do all of the browser's, which
    share a server."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        browser = item.path.parent.name == "browser"
        group = "browser" if browser else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


# tests are tiny: on a busy machine threads that wait for each other cost more than they do
torch.set_num_threads(1)
