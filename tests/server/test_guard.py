"""Who is kept out: paths, Hosts, Origins, tokens, sizes."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from microtome.errors import MicrotomeError
from microtome.server import Limits, RunningServer, Settings, create_app
from tests.server.conftest import BASE

TOKEN = "a-token-of-this-test"
OUTSIDE = (
    "/etc/passwd",
    "/../etc/passwd",
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%252e%252e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%c0%ae%c0%ae/etc/passwd",
    "/%e0%80%ae%e0%80%ae/etc/passwd",
    "/..%5c..%5cwindows",
    "/..\\..\\windows",
    "/C:/windows/win.ini",
    "/%43%3a/windows",
    "/assets/..%00.js",
    "/index.html%00.png",
    "//etc/passwd",
    "/./index.html",
    "/assets/../../html.py",
    "/~root/.ssh/id_rsa",
    "/api/graphs/../../etc/passwd",
    "/api/graphs/..%2f..%2fetc%2fpasswd",
    "/api/graphs/%2e%2e",
    "/api/graphs/%00",
    "/api/graphs/" + "a" * 600,
    "/api/graphs/%ff%fe",
    "/api/evaluations/file:%2f%2f%2fetc%2fpasswd",
    "http://127.0.0.1/etc/passwd",
)


def ask(server: RunningServer, target: str, **headers: str) -> tuple[int, str]:
    """A request as its bytes are written, which no client would send."""
    sent = {"Host": f"127.0.0.1:{server.address.port}", "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection(("127.0.0.1", server.address.port), timeout=10) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    answer = b"".join(parts).decode("utf-8", "replace")
    return int(answer.split(" ", 2)[1]), answer


def test_no_path_leads_out(running: RunningServer):
    for target in OUTSIDE:
        status, answer = ask(running, target)
        assert status in (400, 404, 422), (target, answer[:200])
        assert "root:" not in answer


def test_paths_of_served_folders_are_no_addresses(running: RunningServer, folder: Path):
    for path in (folder / "graphs" / "sum" / "manifest.json", folder / "sums.jsonl"):
        assert ask(running, str(path))[0] in (400, 404)
        assert ask(running, f"/{path.relative_to(folder)}")[0] == 404


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1",
     "", "localhost:x", "[::1", "127.0.0.1\t", "metadata.google.internal", "0.0.0.0"],
)  # fmt: skip
def test_other_hosts_are_refused(client: TestClient, host: str):
    answer = client.get("/api/library", headers={"host": host})
    assert answer.status_code == 403
    assert "is not this server's" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:8300", "[::1]:8300"])
def test_own_hosts_come_in(client: TestClient, host: str):
    assert client.get("/api/library", headers={"host": host}).status_code == 200


def test_two_hosts_are_refused(running: RunningServer):
    raw = f"Host: 127.0.0.1:{running.address.port}\r\nHost: evil.example"
    status, _ = ask(running, "/api/library", X=f"y\r\n{raw.splitlines()[1]}")
    assert status in (400, 403)


def test_allowed_names(folder: Path):
    app = create_app(Settings((folder,), hosts=("lab.example",), specimens=False))
    with TestClient(app, base_url="http://lab.example") as client:
        assert client.get("/api/library").status_code == 200
        assert client.get("/api/library", headers={"host": "lab2.example"}).status_code == 403


WRITES = (
    ("PUT", "/api/annotations"),
    ("POST", "/api/jobs"),
    ("POST", "/api/graphs/import"),
    ("PUT", "/api/graphs/0/state"),
    ("DELETE", "/api/jobs/0"),
)


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8301"},
        {"origin": "https://127.0.0.1:8300"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_writes_from_other_sites_are_refused(
    client: TestClient, method: str, path: str, headers: dict[str, str]
):
    answer = client.request(method, path, json={}, headers=headers)
    assert answer.status_code == 403
    assert "other sites" in answer.json()["detail"]


def test_own_pages_and_programs_may_write(client: TestClient):
    for headers in ({}, {"origin": BASE}, {"origin": BASE, "sec-fetch-site": "same-origin"}):
        assert client.delete("/api/jobs/0", headers=headers).status_code == 404


def test_pages_of_other_sites_read_nothing(client: TestClient):
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.get("/api/library", headers=headers).status_code == 403
    # but a link to the viewer may be followed from anywhere
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_forms_cannot_write(client: TestClient):
    edit = '{"dictionary": "d", "encoder": 0, "feature": 0, "label": "x"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.put("/api/annotations", content=edit, headers={"content-type": kind})
        assert answer.status_code in (400, 422)
        graph = client.post("/api/graphs/import", content="{}", headers={"content-type": kind})
        assert graph.status_code == 415


@pytest.fixture
def locked(folder: Path) -> Iterator[TestClient]:
    app = create_app(Settings((folder,), token=TOKEN, specimens=False))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/index.html", "/api/library", "/api/openapi.json"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": ""},
        {"cookie": f"microtome-8300={TOKEN[:-1]}"},
        {"cookie": f"microtome-1={TOKEN}"},
        {"cookie": "\xff="},
    ],
)
def test_without_the_token_there_is_nothing(locked: TestClient, path: str, headers: dict[str, str]):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = locked.get(path, headers=raw)  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 401
    assert "token" in answer.text and TOKEN not in answer.text


def test_the_token_comes_as_a_header_or_from_the_address_into_a_cookie(locked: TestClient):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert locked.get("/api/library", headers=headers).status_code == 200
    assert locked.get(f"/?token={TOKEN}x").status_code == 401
    answer = locked.get(f"/?token={TOKEN}&a=b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?a=b"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert locked.get("/api/library").status_code == 200


def test_a_token_in_an_address_leads_nowhere_else(locked: TestClient):
    for address in (f"{BASE}//evil.example/", "http://evil.example/"):
        answer = locked.get(f"{address}?token={TOKEN}")
        assert answer.status_code in (400, 403)
        assert "set-cookie" not in answer.headers and "location" not in answer.headers


def test_a_token_is_asked_for_wherever_others_may_come(folder: Path):
    with pytest.raises(MicrotomeError, match="a token is needed"):
        Settings((folder,), host="0.0.0.0")
    for token in ("short", "with spaces in it, too long", "ümlautümlautümlaut"):
        with pytest.raises(MicrotomeError, match="the token must be"):
            Settings((folder,), token=token)


def test_security_headers_are_everywhere(client: TestClient):
    for path in ("/", "/api/library", "/nothing", "/api/nothing", "/%2e"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_large_bodies_are_refused_before_they_are_read(folder: Path):
    limits = Limits(body_bytes=1000, import_bytes=5000)
    app = create_app(Settings((folder,), limits=limits, specimens=False))
    with TestClient(app, base_url=BASE) as client:
        answer = client.put("/api/annotations", content=b"x" * 1001)
        assert answer.status_code == 413
        assert answer.json()["detail"] == "the request is larger than 1,000 bytes; send less"
        chunks = (b"x" * 100 for _ in range(100))  # no length is told
        assert client.put("/api/annotations", content=chunks).status_code == 413
        assert client.post("/api/graphs/import", content=b"x" * 2000).status_code == 415
        assert client.post("/api/graphs/import", content=b"x" * 5001).status_code == 413


def test_a_slow_body_is_given_up(folder: Path):
    limits = Limits(body_seconds=0.2)
    with RunningServer(Settings((folder,), limits=limits, specimens=False)) as server:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.address.port), timeout=10) as slow:
            head = f"PUT /api/annotations HTTP/1.1\r\nHost: 127.0.0.1:{server.address.port}\r\n"
            slow.sendall((head + "Content-Length: 100\r\n\r\n{").encode())
            assert b"408" in slow.recv(1 << 16)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "body", ["{", "[" * 50_000, '{"a": 1e999}', '"\\ud800"', "1" * 5000, "null", '{"nodes": 3}']
)
def test_odd_json_is_a_sentence(client: TestClient, body: str):
    for path in ("/api/jobs", "/api/graphs/import"):
        headers = {"content-type": "application/json"}
        answer = client.post(path, content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert isinstance(answer.json()["detail"], str) and "\n" not in answer.json()["detail"]


def test_more_requests_than_turns_wait(folder: Path):
    settings = Settings((folder,), limits=Limits(requests=2), specimens=False)
    with RunningServer(settings) as server, httpx.Client(base_url=server.address.url) as one:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: one.get("/api/library").status_code, range(60)))
    assert answers == [200] * 60
