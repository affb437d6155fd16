"""microtome serve: what it says, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TOKEN = "a-token-of-this-test"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages that the browser was asked to open; the server stops as soon as it answers."""
    import uvicorn

    pages: list[str] = []
    monkeypatch.setattr("webbrowser.open", pages.append)
    startup = uvicorn.Server.startup

    async def start_and_stop(self, sockets=None) -> None:
        await startup(self, sockets)
        self.should_exit = True

    monkeypatch.setattr(uvicorn.Server, "startup", start_and_stop)
    return pages


def test_the_address_is_said_in_one_line(run: Run, tmp_path: Path, asked: list[str]):
    code, out, err = run("serve", tmp_path, "--port", "0")
    assert (code, err) == (0, "")
    assert out.startswith("microtome is at http://127.0.0.1:")
    assert out.count("\n") == 1
    assert asked == [out.split()[3]]


def test_json_and_no_browser(run: Run, tmp_path: Path, asked: list[str]):
    code, out, _ = run("serve", tmp_path, "--port", "0", "--json", "--no-browser", "--token", TOKEN)
    address = json.loads(out)
    assert code == 0 and asked == []
    assert address["url"] == f"http://127.0.0.1:{address['port']}/?token={TOKEN}"


def test_the_token_comes_from_the_environment(
    run: Run, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MICROTOME_TOKEN", TOKEN)
    _, out, _ = run("serve", tmp_path, "--port", "0", "--no-browser")
    assert f"?token={TOKEN}" in out


def test_another_host_has_a_token_made(run: Run, tmp_path: Path, asked: list[str]):
    code, out, _ = run("serve", tmp_path, "--port", "0", "--host", "0.0.0.0", "--no-browser")
    assert code == 0
    token = out.partition("?token=")[2].split()[0]
    assert len(token) >= 32


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (lambda tmp: [tmp / "nothing"], "nothing cannot be served: it does not exist"),
        (lambda tmp: [tmp / "file"], "cannot be served: it is a file; give its folder"),
        (lambda tmp: [tmp, "--token", "short"], "the token must be 16 or more letters"),
        (lambda tmp: [tmp, "--database", tmp / "no" / "x.db"], "annotations cannot be kept in"),
        (lambda tmp: [tmp, "--host", "203.0.113.9"], "cannot listen on 203.0.113.9"),
        (lambda tmp: [tmp, "--out", tmp / "file"], "cannot write graphs to"),
        (lambda tmp: [], "missing argument"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, tmp_path: Path, arguments: Callable[[Path], list], sentence: str
):
    (tmp_path / "file").write_text("x")
    code, out, err = run("serve", *arguments(tmp_path), "--port", "0")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and sentence in err


def test_a_taken_port_is_one_sentence(run: Run, tmp_path: Path):
    from microtome.server.serving import listen

    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        code, _, err = run("serve", tmp_path, "--port", port)
    assert code == 2
    assert err == f"microtome: port {port} is taken; choose another --port, or leave it out\n"
