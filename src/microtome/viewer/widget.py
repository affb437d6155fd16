"""A document in a notebook, through anywidget: Jupyter, VS Code, Colab, marimo."""

from functools import cached_property
from pathlib import Path

import anywidget
import traitlets

from microtome.viewer.built import Embed, embed
from microtome.viewer.html import Document, to_json

_RENDER = Path(__file__).parent / "notebook.js"


class DocumentWidget(anywidget.AnyWidget):
    """The viewer in the output of a cell."""

    document = traitlets.Unicode().tag(sync=True)
    """JSON."""
    height = traitlets.Int().tag(sync=True)
    """In pixels."""

    @cached_property
    def _embed(self) -> Embed:
        return embed()

    @property
    def _esm(self) -> str:
        return notebook_module(self._embed)

    @property
    def _css(self) -> str:
        return self._embed.style


def notebook_module(built: Embed) -> str:
    """The module that anywidget loads: the viewer, and a `render` that mounts it."""
    render = _RENDER.read_text(encoding="utf-8")
    return built.script + render.replace("$MOUNT", built.local_name("mount"))


def widget(document: Document, height: int = 720) -> DocumentWidget:
    """See `microtome.viewer.view`."""
    return DocumentWidget(document=to_json(document), height=height)
