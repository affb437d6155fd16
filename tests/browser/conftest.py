"""The viewer in a real browser: artifacts, a server on loopback, chromium, screenshots.

A test takes `served`, the running server with its artifacts (tests/browser/artifacts.py); `page`,
which fails it on anything that the browser's console calls an error, on an exception in the page
and on a request to any other machine; and `shot`, which keeps a screenshot.
Without chromium these tests are skipped, but in CI (CI=true in the environment) they fail.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

import microtome.viewer
from microtome.server import RunningServer, Settings, entry_id
from tests.browser.artifacts import make_library
from tests.conftest import SHARED

ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("MICROTOME_SCREENSHOTS") or ROOT / "test-artifacts" / "screenshots")
STATIC = Path(microtome.viewer.__file__).parent / "static"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
TIMEOUT_MS = 20_000
"""Of one step; long, because CI has two cores and other work."""

Shot = Callable[..., Path]


def lacking(what: str) -> None:
    """Skip, or in CI fail: there these tests must run."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="package")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real artifacts; see `tests.browser.artifacts`."""
    folder = tmp_path_factory.mktemp("library")
    logging.disable(logging.DEBUG)  # a failed test would print all that torch says of checkpoints
    try:
        return make_library(folder, SHARED if SHARED.is_dir() else None)
    finally:
        logging.disable(logging.NOTSET)


@dataclass(frozen=True)
class Served:
    """A running server, and what it serves."""

    url: str
    folder: Path

    def page(self, fragment: str) -> str:
        """The address of a page: `served.page(f"#/graph/{served.id('graphs/sum')}")`."""
        return f"{self.url}{fragment}"

    def id(self, path: str) -> str:
        """Of the artifact at a path below the folder."""
        return entry_id(self.folder / path)


@pytest.fixture(scope="package")
def served(library_folder: Path, built: Path) -> Iterator[Served]:
    """The library behind a real server, on a thread of its own."""
    with RunningServer(Settings(folders=(library_folder,))) as server:
        yield Served(server.address.url, library_folder)


@pytest.fixture(scope="package")
def built() -> Path:
    """The folder of the built viewer."""
    if not (STATIC / "app" / "index.html").is_file():
        lacking("the viewer is not built; build it with: make viewer")
    return STATIC


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A headless chromium, from $CHROMIUM or the machine."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(found).is_file():
        lacking(f"no chromium at {found}; install it (apt-get install chromium) or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What a page complained of."""

    said: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    """Parts of messages that the test expects."""

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))
        page.on("request", self._request)

    def allow(self, text: str) -> None:
        """Expect complaints with this text, such as the 409 of a conflict that is tested."""
        self.allowed.append(text)

    def left(self) -> list[str]:
        return [said for said in self.said if not any(text in said for text in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location
            self.said.append(f"console: {message.text} ({where.get('url', '')})")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname != "127.0.0.1":
            self.said.append(f"request to another machine: {request.url}")


@pytest.fixture
def complaints() -> Complaints:
    """What the test's page complained of; `allow` what the test provokes."""
    return Complaints()


@pytest.fixture
def page(chromium: Browser, complaints: Complaints) -> Iterator[Page]:
    """A fresh page, 1280 by 800, light; its complaints fail the test."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme="light",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
        accept_downloads=True,
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    complaints.watch(page)
    yield page
    context.close()
    assert not complaints.left(), "\n".join(complaints.left())


@pytest.fixture
def shot(page: Page) -> Shot:
    """`shot("graph-hover")` keeps a screenshot; dark=True and width=2560 make others."""

    def take(name: str, *, width: int = 1280, dark: bool = False, full_page: bool = False) -> Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        size = page.viewport_size or {"width": 1280, "height": 800}
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_viewport_size({"width": width, "height": round(width * 800 / 1280)})
        page.wait_for_timeout(250)  # canvases are drawn anew in the next frames
        path = SHOTS / f"{name}{'-dark' if dark else ''}{f'-{width}' if width != 1280 else ''}.png"
        page.screenshot(path=path, full_page=full_page)
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light")
        return path

    return take


def pytest_terminal_summary(terminalreporter) -> None:
    if SHOTS.is_dir() and any(SHOTS.glob("*.png")):
        terminalreporter.write_line(f"screenshots: {SHOTS}")
