"""A real server on loopback: events, concurrency, ports, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from microtome.atlas.page import OperandPlot
from microtome.errors import MicrotomeError
from microtome.server import Address, Limits, RunningServer, Settings, entry_id
from microtome.server.jobs import Handle
from microtome.server.serving import PORT, listen

TRACE = {"kind": "trace", "model": "specimen:adder", "dictionary": "specimen:adder",
         "prompt": "36 + 59 =", "max_features": 40}  # fmt: skip


@pytest.fixture
def web(running: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.address.url, timeout=60) as client:
        yield client


def events(answer: httpx.Response) -> Iterator[dict]:
    """The jobs of a stream of server-sent events."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            assert name == "job"
            yield json.loads(line.removeprefix("data: "))


class Slow:
    """Work that reports until it is stopped."""

    def __init__(self):
        self.begun = threading.Event()

    def __call__(self, handle: Handle) -> list[OperandPlot]:
        for step in range(10_000):
            handle.progress(step, 10_000)
            self.begun.set()
            time.sleep(0.002)
        return []


def test_a_trace_is_told_of_as_it_goes(web: httpx.Client, folder: Path):
    job = web.post("/api/jobs", json=TRACE).json()
    with web.stream("GET", f"/api/jobs/{job['id']}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        seen = list(events(answer))
    assert seen[-1]["state"] == "done" and seen[-1]["done"] == seen[-1]["total"] > 0
    assert [job["done"] for job in seen] == sorted(job["done"] for job in seen)
    assert seen[-1]["result"] == entry_id(folder / "traces" / "36-plus-59")


def test_events_of_a_job_that_has_ended(web: httpx.Client, running: RunningServer):
    job = running.services.jobs.submit("operands", "", lambda handle: [])
    for _ in range(2):
        with web.stream("GET", f"/api/jobs/{job.id}/events") as answer:
            assert [event["state"] for event in events(answer)][-1] == "done"


def test_a_running_job_is_cancelled_while_others_look_on(web: httpx.Client, running: RunningServer):
    slow = Slow()
    job = running.services.jobs.submit("xray", "slow", slow)
    assert slow.begun.wait(10)
    states = []
    with web.stream("GET", f"/api/jobs/{job.id}/events") as answer:
        for event in events(answer):
            states.append(event["state"])
            if len(states) == 3:
                assert web.get("/api/library").status_code == 200  # the server goes on answering
                web.delete(f"/api/jobs/{job.id}")
    assert states[-1] == "cancelled"


def test_streams_that_are_left_are_let_go(running: RunningServer):
    slow = Slow()
    job = running.services.jobs.submit("xray", "slow", slow)
    record = running.services.jobs._records[job.id]
    with (
        httpx.Client(base_url=running.address.url) as client,
        client.stream("GET", f"/api/jobs/{job.id}/events") as answer,
    ):
        stream = events(answer)
        next(stream)
        assert len(record.bells) == 1
    until = time.monotonic() + 10
    while record.bells and time.monotonic() < until:
        time.sleep(0.01)
    assert not record.bells


def test_only_so_many_streams(folder: Path):
    with RunningServer(Settings((folder,), limits=Limits(streams=1), specimens=False)) as server:
        slow = Slow()
        job = server.services.jobs.submit("xray", "slow", slow)
        with httpx.Client(base_url=server.address.url) as client:
            path = f"/api/jobs/{job.id}/events"
            with client.stream("GET", path) as answer:
                stream = events(answer)
                next(stream)
                assert client.get(path).status_code == 429


def test_stopping_ends_streams_and_jobs_within_a_second_or_two(folder: Path):
    server = RunningServer(Settings((folder,), specimens=False))
    slow = Slow()
    job = server.services.jobs.submit("xray", "slow", slow)
    seen: list[str] = []
    watched = threading.Event()

    def watch() -> None:
        with (
            httpx.Client(base_url=server.address.url) as client,
            client.stream("GET", f"/api/jobs/{job.id}/events") as answer,
        ):
            for event in events(answer):
                seen.append(event["state"])
                watched.set()

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        assert slow.begun.wait(10) and watched.wait(10)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 5
        watching.result(timeout=10)
    assert seen[-1] == "cancelled"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.address.url)


def test_sixteen_people_edit_one_label_and_none_is_lost(running: RunningServer):
    key = {"dictionary": "d", "encoder": 0, "feature": 1}

    def edit(person: int) -> int:
        """Add a word to the note, from whatever version stands; returns the tries it took."""
        with httpx.Client(base_url=running.address.url, timeout=60) as client:
            note, version = "", 0
            for tries in range(1, 200):
                body = key | {"note": f"{note} {person}".strip(), "version": version}
                answer = client.put("/api/annotations", json=body)
                if answer.status_code == 200:
                    return tries
                assert answer.status_code == 409
                current = answer.json()["current"]
                note, version = current["note"], current["version"]
        raise AssertionError("never accepted")

    with ThreadPoolExecutor(16) as pool:
        tries = list(pool.map(edit, range(16)))
    assert sum(tries) > 16  # there were conflicts
    with httpx.Client(base_url=running.address.url) as client:
        (found,) = client.get("/api/annotations?dictionary=d").json()
        history = client.get("/api/annotations/history?dictionary=d&encoder=0&feature=1").json()
    assert sorted(map(int, found["note"].split())) == list(range(16))
    assert found["version"] == len(history) == 16


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(MicrotomeError, match=f"port {port} is taken; choose another --port"):
            listen("127.0.0.1", port)


def test_without_a_port_the_next_free_one(monkeypatch: pytest.MonkeyPatch):
    with listen("127.0.0.1", 0) as first:
        taken = first.getsockname()[1]
        monkeypatch.setattr("microtome.server.serving.PORT", taken)
        with listen("127.0.0.1", None) as second:
            assert taken < second.getsockname()[1] < taken + 100
    assert PORT == 8300


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_hosts_that_are_not_this_machine(host: str):
    with pytest.raises(MicrotomeError, match=f"cannot listen on {host}"):
        listen(host, 0)


def test_addresses():
    assert Address("127.0.0.1", 8300).page("#/graph/1") == "http://127.0.0.1:8300/#/graph/1"
    assert Address("0.0.0.0", 80, "abc").page("#/x") == "http://127.0.0.1:80/?token=abc#/x"
    assert Address("::1", 80).url == "http://[::1]:80/"


def test_a_killed_server_has_lost_no_acknowledged_edit(folder: Path):
    """kill -9 in the middle of writes; the next server has everything that was answered."""
    acknowledged: list[int] = []
    process, url = start(folder)
    killed = threading.Timer(0.5, process.kill)
    with httpx.Client(base_url=url, timeout=10) as client:
        killed.start()
        try:
            for i in range(100_000):
                body = {"dictionary": "d", "encoder": 0, "feature": i, "label": str(i)}
                if client.put("/api/annotations", json=body).status_code == 200:
                    acknowledged.append(i)
        except httpx.HTTPError:
            pass
    process.communicate()
    killed.join()
    with RunningServer(Settings((folder,), specimens=False)) as server:
        found = httpx.get(f"{server.address.url}api/annotations?dictionary=d").json()
    labels = {annotation["feature"]: annotation["label"] for annotation in found}
    assert acknowledged
    assert [i for i in acknowledged if labels.get(i) != str(i)] == []


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """`microtome serve` as a process, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "microtome", "serve", str(folder), "--port", "0", "--no-browser",
         "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_the_command_ends_cleanly(folder: Path, number: signal.Signals):
    process, url = start(folder, "--token", "a-token-of-this-test")
    assert url.endswith("/?token=a-token-of-this-test")
    with httpx.Client(follow_redirects=True) as client:
        assert client.get(url).status_code == 200
        assert client.get(url.partition("?")[0] + "api/library").status_code == 200
        assert client.get(url.partition("?")[0] + "api/nothing").status_code == 404
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "")
    assert err == ""  # no traceback, and no address with the token


def test_a_socket_that_says_nothing_holds_nobody_up(running: RunningServer):
    silent = [socket.create_connection(("127.0.0.1", running.address.port)) for _ in range(40)]
    try:
        assert httpx.get(f"{running.address.url}api/library").status_code == 200
    finally:
        for connection in silent:
            connection.close()
