"""A real atlas of a tiny model, as `microtome atlas build` makes it, and an endpoint to ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from microtome.explain import Endpoint
from tests.atlas.builds import built_atlas
from tests.explain.asking import Clock, made
from tests.explain.server import Chat


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed; copy it to put labels beside it."""
    return built_atlas(tmp_path_factory)


@pytest.fixture
def atlas(built: Path, tmp_path: Path) -> Path:
    """The same atlas, in a folder of the test's own."""
    import shutil

    return Path(shutil.copytree(built, tmp_path / "atlas"))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat(lambda system, user: "it is a dog") as made:
        yield made


@pytest.fixture
def endpoint(chat: Chat, clock: Clock) -> Endpoint:
    return made(chat, clock)
