"""The middleware around everything: policy, limits, headers."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from microtome.server.guard.body import Gone, read_body, replay
from microtome.server.guard.headers import with_security
from microtome.server.guard.policy import TOKEN_QUERY, Policy, Refused
from microtome.server.settings import Settings

IMPORT = "/api/graphs/import"
_EVENTS = "/events"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Lets requests through to the application, so many at once; the rest wait or are refused."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._policy = Policy(settings)
        self._limits = settings.limits
        self._turns = asyncio.Semaphore(settings.limits.requests)
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_safe(message: Message) -> None:
            is_start = message["type"] == "http.response.start"
            await send(with_security(message) if is_start else message)

        try:
            if entrance := self._entrance(scope):
                await entrance(scope, receive, send_safe)
                return
            self._policy.check(scope)
            await self._let_in(scope, receive, send_safe)
        except Refused as refused:
            await _refusal(scope, refused)(scope, receive, send_safe)
        except Gone:
            return

    def _entrance(self, scope: Scope) -> Response | None:
        """The address with the token in it: a cookie, and the same address without it, so that
        it stands in no history and no log."""
        if scope["method"] != "GET" or TOKEN_QUERY.encode() not in scope["query_string"]:
            return None
        self._policy.check_where_from(scope)
        if not self._policy.token_of_query(scope):
            return None
        rest = Request(scope).url.remove_query_params(TOKEN_QUERY)
        target = scope["path"] + (f"?{rest.query}" if rest.query else "")
        return RedirectResponse(target, 303, {"set-cookie": self._policy.cookie(scope)})

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith(_EVENTS):
            await self._stream(scope, receive, send)
            return
        if scope["method"] not in _BODILESS:
            limits = self._limits
            most = limits.import_bytes if scope["path"] == IMPORT else limits.body_bytes
            body = await read_body(scope, receive, most, limits.body_seconds)
            receive = replay(body, receive)
        async with self._turns:
            await self._app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams of events last, so they take no turns of other requests."""
        if self._streams >= self._limits.streams:
            raise Refused(429, "too many streams of events are open; close a page")
        self._streams += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._streams -= 1


def _refusal(scope: Scope, refused: Refused) -> Response:
    headers = {"retry-after": "5"} if refused.status == 429 else {}
    if refused.status in (408, 413):
        headers["connection"] = "close"
    if scope["path"].startswith("/api"):
        return JSONResponse({"detail": refused.detail}, refused.status, headers)
    return PlainTextResponse(f"microtome: {refused.detail}\n", refused.status, headers)
