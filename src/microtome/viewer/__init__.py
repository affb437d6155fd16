"""The built viewer, as one HTML file or in a notebook; it takes documents and knows no graph."""

from typing import TYPE_CHECKING

from microtome.viewer.built import app_folder
from microtome.viewer.html import Document, html_page

if TYPE_CHECKING:
    from microtome.viewer.widget import DocumentWidget

__all__ = ["Document", "app_folder", "html_page", "view"]


def view(document: Document, height: int = 720) -> "DocumentWidget":
    """Show a document in a notebook.

    Args:
        document: what to show: `kind` (graph, feature, evaluation, run) and what belongs to it.
        height: of the view, in pixels.

    Raises:
        MicrotomeError: the viewer is not built, or the document is not JSON.
    """
    from microtome.viewer.widget import widget  # loads ipywidgets, which only notebooks need

    return widget(document, height)
