"""Errors as answers: a status, and one sentence."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from microtome.annotation import EditConflict
from microtome.artifact.printable import printable, shortened
from microtome.errors import MicrotomeError
from microtome.server.jobs import QueueFull, Unfinished, UnknownJob
from microtome.server.library import NotThere

_STATUS: dict[type[MicrotomeError], int] = {
    NotThere: 404,
    UnknownJob: 404,
    Unfinished: 409,
    EditConflict: 409,
    QueueFull: 429,
}
_LENGTH = 600
_log = logging.getLogger(__name__)


def explain_problems(app: FastAPI) -> None:
    """Let the application answer every error with `{"detail": "one sentence"}`."""
    app.add_exception_handler(MicrotomeError, _bad_input)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OSError, _unreadable)
    app.add_exception_handler(Exception, _bug)


def _bad_input(request: Request, error: Exception) -> JSONResponse:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
    content: dict[str, Any] = {"detail": _sentence(str(error))}
    if isinstance(error, EditConflict):
        content["current"] = error.current.model_dump() if error.current else None
    headers = {"retry-after": "5"} if status == 429 else {}
    return JSONResponse(content, status, headers)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    where = f"{field}: " if field else ""
    detail = _sentence(f"the request is malformed: {where}{first['msg']}")
    return JSONResponse({"detail": detail}, 422)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    said = {404: "there is nothing at this address", 405: "this address does not do that"}
    detail = said.get(error.status_code, str(error.detail))
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


def _unreadable(request: Request, error: Exception) -> JSONResponse:
    """A file that went away or may not be read."""
    assert isinstance(error, OSError)
    _log.warning("%s %s: %s", request.method, request.url.path, error)
    return JSONResponse({"detail": f"a file cannot be read: {error.strerror or error}"}, 400)


def _bug(request: Request, error: Exception) -> JSONResponse:
    detail = f"the server failed ({type(error).__name__}); what happened is in its terminal"
    return JSONResponse({"detail": detail}, 500)


def _sentence(text: str) -> str:
    """Of a length to be read: a request may have sent a book, and it is named in the answer."""
    return printable(shortened(text, _LENGTH))
