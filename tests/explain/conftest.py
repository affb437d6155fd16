"""A real atlas of a tiny model, as `microtome atlas build` makes it."""

from pathlib import Path

import pytest

from microtome.atlas import build_atlas
from tests.atlas.builds import OPTIONS, blocks, dictionary, model


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed; copy it to put labels beside it."""
    folder = tmp_path_factory.mktemp("built") / "atlas"
    of = model()
    build_atlas(of, dictionary(of), lambda: blocks(), folder, OPTIONS)
    return folder


@pytest.fixture
def atlas(built: Path, tmp_path: Path) -> Path:
    """The same atlas, in a folder of the test's own."""
    import shutil

    return Path(shutil.copytree(built, tmp_path / "atlas"))
