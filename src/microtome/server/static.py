"""The built viewer: a fixed list of files, looked up by name, so that no path leads elsewhere."""

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, Response

import microtome.viewer

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>microtome</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:4em auto;padding:0 1em}
code{background:#8883;padding:.1em .3em;border-radius:3px}</style>
<h1>The viewer is not built</h1>
<p>The server runs, and its data are below <a href="/api/library">/api</a>, but this install has no
web pages. In a source checkout, build them with <code>make viewer</code> and load this page
again; otherwise install microtome from a wheel, which has them.</p></html>
"""
_INDEX = "index.html"
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".map": "application/json"}
_FOREVER = "public, max-age=31536000, immutable"


def app_folder() -> Path:
    """Where the build puts the viewer."""
    return Path(microtome.viewer.__file__).parent / "static" / "app"


class Viewer:
    """The files of the built viewer; a new build is noticed."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._built = -1
        self._files: dict[str, Path] = {}

    def answer(self, name: str) -> Response:
        """The file of a name, or the page that says how to build."""
        files = self._list()
        if not files:
            return HTMLResponse(_PAGE, 404 if name else 200)
        path = files.get(name or _INDEX)
        if path is None:
            return JSONResponse({"detail": "there is nothing at this address"}, 404)
        try:
            content = path.read_bytes()
        except OSError:
            return JSONResponse({"detail": "the viewer is being built; load the page again"}, 404)
        media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        hashed = name.startswith("assets/")
        headers = {"cache-control": _FOREVER if hashed else "no-cache"}
        return Response(content, media_type=media or "application/octet-stream", headers=headers)

    def _list(self) -> dict[str, Path]:
        try:
            built = (self._folder / _INDEX).stat().st_mtime_ns
        except OSError:
            return {}
        if built != self._built:
            files = [path for path in self._folder.rglob("*") if path.is_file()]
            self._files = {path.relative_to(self._folder).as_posix(): path for path in files}
            self._built = built
        return self._files


def viewer_router(folder: Path) -> APIRouter:
    """Everything that is not the API."""
    viewer = Viewer(folder)
    router = APIRouter(include_in_schema=False)

    @router.get("/{name:path}")
    def get_file(name: str) -> Response:
        if name == "api" or name.startswith("api/"):
            return JSONResponse({"detail": "there is nothing at this address"}, 404)
        return viewer.answer(name)

    return router
