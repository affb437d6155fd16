"""Pieces of a report page that opens from disk: no script, no network."""

import base64
from collections.abc import Collection, Sequence
from html import escape

from microtome.page.style import STYLE


class Html(str):
    """Text of which is known that it is HTML."""

    __slots__ = ()


def document(title: str, body: Sequence[str], style: str = "", wide: bool = False) -> str:
    """A whole page.

    Args:
        title: of the window.
        body: what is on it, as HTML.
        style: CSS of this kind of page alone.
        wide: use the width of a large screen.
    """
    main = '<main class="wide">' if wide else "<main>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body>{main}{''.join(body)}</main></body></html>\n"
    )


def section(title: str, *parts: str, name: str = "") -> str:
    """A card with a heading; `name` is what a link on the page leads to."""
    anchor = f' id="{escape(name)}"' if name else ""
    return f"<section{anchor}><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, soft: bool = False) -> str:
    kind = ' class="soft"' if soft else ""
    return f"<p{kind}>{_shown(text)}</p>"


def folded(title: str, *parts: str) -> str:
    """What opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    figures: bool = False,
    text: Collection[str] = (),
    last: bool = False,
) -> str:
    """Cells are text, and are escaped, unless they are marked as HTML.

    Args:
        head: names of the columns.
        rows: cells.
        figures: all columns but the first are numbers.
        text: columns among them that are words.
        last: the last row sums up the others.
    """

    def cell(tag: str, name: str, value: object) -> str:
        kind = ' class="text"' if figures and name in text else ""
        return f"<{tag}{kind}>{_shown(value)}</{tag}>"

    lines = []
    for i, row in enumerate(rows):
        cells = "".join(cell("td", name, value) for name, value in zip(head, row, strict=True))
        lines.append(f"<tr{' class=last' if last and i == len(rows) - 1 else ''}>{cells}</tr>")
    top = "".join(cell("th", name, name) for name in head)
    kind = ' class="figures"' if figures else ""
    return f'<div class="scroll"><table{kind}><tr>{top}</tr>{"".join(lines)}</table></div>'


def image(png: bytes, caption: str) -> str:
    data = base64.b64encode(png).decode()
    said = escape(caption)
    return f'<img alt="{said}" src="data:image/png;base64,{data}"><p class="soft">{said}</p>'


def _shown(value: object) -> str:
    return value if isinstance(value, Html) else escape(str(value))
