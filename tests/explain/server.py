"""An OpenAI-compatible endpoint of tests: a real HTTP server with a mind and a script."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is sent back instead of an answer."""

    status: int = 200
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    """Never answers."""


@dataclass
class Chat:
    """The endpoint: replies of the script first, then what the mind answers."""

    think: Callable[[str, str], str]
    script: list[Reply | None] = field(default_factory=list)
    """None: let the mind answer."""
    usage: dict[str, int] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies that came."""
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    gate: threading.Barrier | None = None
    """Requests wait here for each other."""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released by every request."""
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Chat":
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                chat.serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        with self._lock:
            self.requests.append(body)
            self.paths.append(request.path)
            self.keys.append(request.headers.get("authorization"))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            reply = self.script.pop(0) if self.script else None
        self.arrived.release()
        if self.gate is not None:
            self.gate.wait(timeout=10)
        if reply is not None and reply.hangs:
            self._ended.wait()
        with self._lock:
            self._at_once -= 1
        _send(request, reply or self._answer(body))

    def _answer(self, body: dict[str, Any]) -> Reply:
        system, user = (message["content"] for message in body["messages"])
        message = {"role": "assistant", "content": self.think(system, user)}
        answer: dict[str, Any] = {"choices": [{"index": 0, "message": message}]}
        if self.usage is not None:
            answer["usage"] = self.usage
        return Reply(body=json.dumps(answer))


def _send(request: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = reply.body.encode() if isinstance(reply.body, str) else reply.body
    try:
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
    except (BrokenPipeError, ConnectionResetError):  # it did not wait for the answer
        pass
