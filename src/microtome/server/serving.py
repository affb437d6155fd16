"""Serving: a port, an address to open, a clean end."""

import asyncio
import errno
import os
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from microtome.errors import MicrotomeError
from microtome.server.app import create_app
from microtome.server.services import Services
from microtome.server.settings import Settings, is_loopback

PORT = 8300
_TRIED = 100
"""Ports after the first one that are tried where it is taken."""
_START_SECONDS = 60.0
_END_SECONDS = 2
_SHOWN = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


@dataclass(frozen=True)
class Address:
    """Where a server is reached."""

    host: str
    port: int
    token: str = ""

    @property
    def url(self) -> str:
        """Of the viewer; it holds the token, so it is shown to nobody else."""
        return self.page("")

    def page(self, fragment: str) -> str:
        """Of a page of the viewer, such as `#/graph/{id}`."""
        host = _SHOWN.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        query = f"?token={self.token}" if self.token else ""
        return f"http://{host}:{self.port}/{query}{fragment}"


class _Server(uvicorn.Server):
    """Ends jobs first, so that streams of their events end, and with them the connections."""

    def __init__(self, config: uvicorn.Config, services: Services):
        super().__init__(config)
        self.services = services
        self.greet: Callable[[], None] = lambda: None
        """Called when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await asyncio.to_thread(self.greet)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.services.jobs.close()
        await super().shutdown(sockets)


class RunningServer:
    """A server on a thread of this process; it stops when the block ends, or by `stop`."""

    def __init__(self, settings: Settings, port: int | None = 0):
        """Start, and wait until it answers.

        Args:
            settings: what is served, and to whom.
            port: to listen on; 0 for any that is free, None for the first free one from 8300 on.

        Raises:
            MicrotomeError: a folder, database or port that cannot be opened.
        """
        bound = listen(settings.host, port)
        self.address = Address(settings.host, bound.getsockname()[1], settings.token)
        self._server = _server(settings)
        self.services = self._server.services
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [bound]}, name="server", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise MicrotomeError(f"the server did not start on {self.address.host}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Cancel jobs and close connections; returns when all is closed."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    folders: Sequence[str | Path],
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str = "",
    database: str | None = None,
    out: str | Path | None = None,
    hosts: Sequence[str] = (),
    browser: bool = False,
    open_path: str = "",
    started: Callable[[Address], None] | None = None,
) -> None:
    """Serve the viewer until Ctrl-C.

    Args:
        folders: where artifacts are looked for; nothing else is served.
        host: address to bind; any but this machine's own needs a token, made where none is given.
        port: to listen on; by default the first free one from 8300 on, 0 for any.
        token: that requests must bring.
        database: of annotations: file or URL; `annotations.sqlite` in the first folder by default.
        out: where new graphs go; `traces` in the first folder by default.
        hosts: other names under which the server is reached, for instance through a proxy.
        browser: open the viewer in the browser.
        open_path: page to open there, such as `#/graph/{id}`; see `entry_id`.
        started: called when the server answers, with where it is reached.

    Raises:
        MicrotomeError: a folder, database or port that cannot be opened, or a bad token.
    """
    if not token and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    settings = Settings(
        folders=tuple(map(Path, folders)),
        out=Path(out) if out else None,
        database=database,
        host=host,
        token=token,
        hosts=tuple(hosts),
    )
    bound = listen(host, port)
    try:
        server = _server(settings)
    except BaseException:
        bound.close()
        raise
    address = Address(host, bound.getsockname()[1], token)

    def greet() -> None:
        if started is not None:
            started(address)
        if browser:
            webbrowser.open(address.page(open_path))

    server.greet = greet
    with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends
        server.run(sockets=[bound])


def listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens.

    Raises:
        MicrotomeError: the port is taken, or the host is not this machine's.
    """
    wanted = range(PORT, PORT + _TRIED) if port is None else (port,)
    for number in wanted:
        try:
            return _bound(host, number)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES) and port is None:
                continue
            if error.errno == errno.EADDRINUSE:
                raise MicrotomeError(
                    f"port {port} is taken; choose another --port, or leave it out"
                ) from error
            reason = error.strerror or error
            raise MicrotomeError(f"cannot listen on {host} port {number}: {reason}") from error
    raise MicrotomeError(
        f"ports {PORT} to {PORT + _TRIED - 1} are all taken; choose another with --port"
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share a port that is taken
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
    except BaseException:
        bound.close()
        raise
    return bound


def _server(settings: Settings) -> _Server:
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold tokens
        server_header=False,
        ws="none",
        http="h11",
        loop="asyncio",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_END_SECONDS,
    )
    return _Server(config, app.state.services)
