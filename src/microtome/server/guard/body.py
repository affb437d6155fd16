"""Bodies of requests: read whole before a route sees them, within a size and a time."""

import asyncio

from starlette.types import Message, Receive, Scope

from microtome.server.guard.policy import Headers, Refused


class Gone(Exception):
    """The client has gone away."""


async def read_body(scope: Scope, receive: Receive, most: int, seconds: float) -> bytes:
    """The whole body.

    Raises:
        Refused: too large, or too slow in coming.
        Gone: the client left.
    """
    too_large = Refused(413, f"the request is larger than {most:,} bytes; send less")
    length = Headers(scope).one("content-length")
    if length and (not length.isdigit() or int(length) > most):
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise too_large
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise Refused(408, f"the request took more than {seconds:g} seconds to arrive") from None


def replay(body: bytes, receive: Receive) -> Receive:
    """Receive the body again, then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
