"""Keys go where they belong, and are seen nowhere."""

import json
from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.explain import Endpoint, Spending, Stopped, explain_atlas, key_for, read_labels
from microtome.explain.key import Key
from tests.explain.asking import SECRET, Clock, made
from tests.explain.server import Chat, Reply
from tests.explain.world import World, atlas_folder


def test_the_key_is_in_no_file_and_no_message(
    chat: Chat, clock: Clock, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog
):
    """Not even where the endpoint repeats it in answers and errors."""

    def indiscreet(system: str, user: str) -> str:
        return f"[EXPLANATION]: the key {SECRET} is yours" if "[EXPLANATION]" in system else SECRET

    caplog.set_level("DEBUG")
    chat.think = indiscreet
    atlas, world = atlas_folder(tmp_path / "atlas"), World(features=1)
    explain_atlas(atlas, world, world.keys, made(chat, clock))
    assert chat.keys[0] == f"Bearer {SECRET}"
    labels = read_labels(atlas.with_name("atlas-labels"))
    assert labels[0, 0].label == "the key *** is yours"
    chat.script = [Reply(401, json.dumps({"error": f"Incorrect API key provided: {SECRET}"}))]
    other = World(features=1, seed=5)
    with pytest.raises(Stopped, match=r"Incorrect API key provided: \*\*\*") as error:
        explain_atlas(atlas, other, other.keys, made(chat, clock), tmp_path / "other")
    told = capfd.readouterr()
    for text in (str(error.value), repr(made(chat, clock)), told.out, told.err, caplog.text):
        assert SECRET not in text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_keys_go_where_they_belong():
    both = {"MICROTOME_API_KEY": "ours", "OPENAI_API_KEY": "theirs"}
    openai = {"OPENAI_API_KEY": " theirs\n"}
    assert key_for("https://api.openai.com/v1", both).text == "ours"
    assert key_for("https://api.openai.com/v1", openai).text == "theirs"
    assert key_for("https://elsewhere.example/v1", openai).text == ""
    assert key_for("http://localhost:8000/v1", both).text == "ours"
    assert key_for("http://10.0.0.5:8000/v1", {}).text == ""


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("http://elsewhere.example/v1", "abcdef", "without encryption"),
        ("http://api.openai.com@elsewhere.example/v1", "abcdef", "without encryption"),
        ("https://elsewhere.example/v1", "abc\ndef", "MICROTOME_API_KEY holds a space"),
        ("https://elsewhere.example/v1", "schlüssel", "not ASCII"),
    ],
)
def test_bad_keys_are_refused_without_being_shown(url: str, key: str, said: str):
    with pytest.raises(MicrotomeError, match=said) as error:
        key_for(url, {"MICROTOME_API_KEY": key})
    assert key not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://host/v1", "https://", "https://user:pass@host/v1",
     "https://host/v1?key=abc", "http://[::1", "http://host:port/v1"],
)  # fmt: skip
def test_bad_addresses_are_refused(url: str):
    with pytest.raises(MicrotomeError, match="endpoint"):
        Endpoint(url, "m", Key(), Spending())


def test_an_address_may_be_that_of_the_route():
    endpoint = Endpoint("http://localhost:1/v1/chat/completions/", "m", Key(), Spending())
    assert endpoint.url == "http://localhost:1/v1"
