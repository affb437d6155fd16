"""Report pages: one HTML file that opens from disk, in light and dark, without script or network.

`pieces` are sections, tables and images, `style` how they look, and `dots` draws figures.
"""

from microtome.page.dots import DOTS_STYLE, Axis, Dot, Mark, axis_of, dot_plot, sign
from microtome.page.pieces import (
    Html,
    document,
    folded,
    heading,
    image,
    paragraph,
    section,
    table,
)

__all__ = [
    "DOTS_STYLE",
    "Axis",
    "Dot",
    "Html",
    "Mark",
    "axis_of",
    "document",
    "dot_plot",
    "folded",
    "heading",
    "image",
    "paragraph",
    "section",
    "sign",
    "table",
]
