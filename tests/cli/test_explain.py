"""microtome explain: nothing is sent unasked, everything asked for is done, once."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from microtome.artifact import locked
from tests.atlas.builds import built_atlas
from tests.cli.conftest import Run
from tests.explain.minds import yes_sayer
from tests.explain.server import Chat, Reply
from tests.explain.talker import talker

NAMES = "L0/0,L1/3"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_atlas(tmp_path_factory)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "labels"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_API_KEY", "MICROTOME_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat(yes_sayer) as made:
        yield made


@pytest.fixture
def command(built: Path, chat: Chat, out: Path) -> list[object]:
    to = ["--endpoint", chat.url, "--model", "tiny", "--out", out]
    return ["explain", built, *to, "--features", NAMES]


def test_without_send_nothing_is_sent(run: Run, chat: Chat, command: list, out: Path):
    result = run(*command, "--price-in", "2", "--price-out", "8")
    assert result.code == 0
    assert chat.requests == []
    assert not out.exists()
    said = result.out
    assert "Nothing was sent. To explain 2 features" in said
    assert f"{chat.url} (model tiny)" in said
    assert "requests" in said
    assert "cost            about" in said
    assert "1. strength 10:" in said
    assert "--send" in said
    assert max(map(len, said.splitlines())) <= 100


def test_what_would_be_sent_as_json(run: Run, chat: Chat, command: list):
    planned = json.loads(run(*command, "--json").out)
    assert planned["features"] == 2
    assert planned["cost"] is None
    run(*command, "--send")
    assert planned["requests"] >= len(chat.requests) > 2
    assert "explained already" in run(*command).out


def test_with_send_features_are_explained(
    run: Run, chat: Chat, command: list, monkeypatch: pytest.MonkeyPatch, out: Path
):
    monkeypatch.setenv("MICROTOME_API_KEY", "sk-very-secret")
    result = run(*command, "--send")
    assert result.code == 0
    assert set(chat.keys) == {"Bearer sk-very-secret"}
    assert "2 of 2 features explained by tiny" in result.out
    assert "L0/0" in result.out
    assert "everything" in result.out
    assert "0.50" in result.out
    assert f"Saved to {out}" in result.out
    assert f"{len(chat.requests)} requests" in result.err
    assert "sk-very-secret" not in result.out + result.err
    assert not [f for f in out.rglob("*") if f.is_file() and b"very-secret" in f.read_bytes()]
    asked = len(chat.requests)
    assert run(*command, "--send").code == 0
    assert len(chat.requests) == asked
    assert run("info", out).code == 0


def test_json_has_labels_and_scores(run: Run, command: list):
    result = json.loads(run(*command, "--send", "--json").out)
    assert [label["label"] for label in result["labels"]] == ["everything"] * 2
    assert result["detection"]["value"] == 0.5
    assert result["labels"][0]["detection"]["positives"] > 0


def test_a_refusal_is_one_sentence_and_keeps_the_rest(run: Run, chat: Chat, command: list):
    chat.script = [None, None, None, Reply(401, "who are you?")]
    result = run(*command, "--send", "--at-once", "1")
    assert result.code == 2
    assert "refused model 'tiny' with status 401" in result.err
    assert "MICROTOME_API_KEY" in result.err
    first = len(chat.requests)
    assert run(*command, "--send").code == 0
    bodies = [json.dumps(body) for body in chat.requests]
    assert len(bodies) - len(set(bodies)) == 1  # the one that was refused
    assert len(bodies) > first


def test_a_budget_stops_before_it_is_spent(run: Run, chat: Chat, command: list):
    priced = [*command, "--send", "--price-in", "10", "--price-out", "10"]
    result = run(*priced, "--budget", "0.008")
    assert result.code == 2
    assert "the budget of 0.008 is used up" in result.err
    assert run(*priced, "--budget", "10").code == 0


def test_a_local_model_is_asked_here(run: Run, built: Path, chat: Chat, tmp_path: Path, out: Path):
    made = talker()
    assert made.tokenizer is not None
    made.hf.save_pretrained(tmp_path / "talker")
    made.tokenizer.save_pretrained(tmp_path / "talker")
    local = ["--local", tmp_path / "talker", "--top", "1", "--scored", "0", "--shown", "2"]
    result = run("explain", built, *local, "--out", out)
    assert result.code == 0
    assert "of 1 feature explained by" in result.out
    assert chat.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say which features"),
        (["--top", "3", "--all"], "say which features"),
        (["--top", "3"], "say who explains"),
        (["--top", "3", "--local", "x", "--endpoint", "http://localhost:1"], "say who explains"),
        (["--top", "3", "--endpoint", "http://localhost:1"], "--endpoint needs the name"),
        (["--features", "L9/0"], "no encoder of the atlas reads layer 9"),
        (["--features", "dog"], "not a feature's name"),
        (["--top", "1", "--endpoint", "localhost:1", "--model", "m"], "not a URL"),
        (
            ["--top", "1", "--endpoint", "http://localhost:1", "--model", "m", "--budget", "1"],
            "a budget needs prices",
        ),
        (
            ["--top", "1", "--endpoint", "http://localhost:1", "--model", "m", "--price-in", "1"],
            "both --price-in and --price-out",
        ),
    ],
)
def test_bad_options_are_one_sentence(run: Run, built: Path, arguments: list, said: str):
    result = run("explain", built, *arguments)
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1


def test_two_at_once_do_not_mix(run: Run, chat: Chat, command: list, out: Path):
    part = out.with_name(f".{out.name}.part")
    part.mkdir()
    with locked(part):
        result = run(*command, "--send")
    assert (result.code, chat.requests) == (2, [])
    assert "another process is writing" in result.err


def test_labels_beside_an_atlas_are_shown_with_it(
    run: Run, chat: Chat, built: Path, tmp_path: Path
):
    atlas = Path(shutil.copytree(built, tmp_path / "atlas"))
    to = ["--endpoint", chat.url, "--model", "tiny", "--features", NAMES, "--send"]
    assert run("explain", atlas, *to).code == 0
    page = json.loads(run("atlas", "show", atlas, "L1/3", "--json").out)
    assert (page["label"], page["label_source"]) == ("everything", "model")
    (found,) = json.loads(
        run("atlas", "search", atlas, "--label", "everything", "--json").out
    ).values()
    assert [row["name"] for row in found["rows"]] == ["L0/0", "L1/3"]
    other = json.loads(run("atlas", "show", atlas, "L1/2", "--json").out)
    assert other["label_source"] != "model"


def test_labels_of_a_bundled_atlas_go_where_they_are_told(run: Run, chat: Chat, tmp_path: Path):
    to = ["--endpoint", chat.url, "--model", "tiny", "--features", "L0/0", "--send"]
    planned = run("explain", "specimen:adder", *to[:-1])
    assert planned.code == 0 and "Nothing was sent" in planned.out
    result = run("explain", "specimen:adder", *to)
    assert (result.code, chat.requests) == (2, [])
    assert "name a folder for its labels with --out" in result.err
    assert run("explain", "specimen:adder", *to, "--out", tmp_path / "labels").code == 0
    assert (tmp_path / "labels" / "labels.parquet").is_file()


def test_what_is_no_atlas_is_refused(run: Run, tmp_path: Path):
    result = run("explain", tmp_path, "--top", "1", "--local", "x")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "not a microtome artifact" in result.err


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        (signal.SIGKILL, -9),
    ],
)
def test_a_stopped_run_goes_on_where_it_was(
    run: Run, chat: Chat, command: list, sent: signal.Signals, code: int
):
    chat.script = [None] * 3 + [Reply(hangs=True)] * 8
    program = [sys.executable, "-m", "microtome", *map(str, command), "--send", "--at-once", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, stderr=pipe, stdout=pipe, text=True) as process:
        try:
            for _ in range(4):  # three answers, and one that never comes
                assert chat.arrived.acquire(timeout=300)
            process.send_signal(sent)
            _, said = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == code
    if code > 0:
        assert "microtome: interrupted" in said
        assert "the same command goes on" in said
        assert "Traceback" not in said
    chat.script = []
    assert run(*command, "--send").code == 0
    bodies = [json.dumps(body) for body in chat.requests]
    assert len(bodies) - len(set(bodies)) == 1  # the one that was not answered
