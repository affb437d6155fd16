"""Pieces of a report page that opens from disk: no script, no network."""

import base64
from collections.abc import Sequence
from html import escape

_STYLE = """
:root { --ink:#1d2129; --soft:#5b6270; --line:#e3e6ea; --back:#f6f7f9 }
* { box-sizing:border-box }
body { margin:0; background:var(--back); color:var(--ink);
  font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif }
main { max-width:1100px; margin:0 auto; padding:32px 20px 64px }
h1 { font-size:26px; margin:0 0 4px } h2 { font-size:20px; margin:18px 0 6px }
h3 { font-size:15px; margin:24px 0 6px } p { margin:6px 0; max-width:76ch }
.soft { color:var(--soft) }
section { background:#fff; border:1px solid var(--line); border-radius:10px;
  padding:8px 24px 24px; margin-top:24px }
.scroll { overflow-x:auto } table { border-collapse:collapse; width:100%; font-size:13.5px;
  font-variant-numeric:tabular-nums; margin:8px 0 }
th { text-align:left; color:var(--soft); font-weight:500; border-bottom:1px solid var(--line);
  padding:4px 10px 4px 0; vertical-align:bottom }
td { padding:4px 10px 4px 0; border-bottom:1px solid #f0f2f4; vertical-align:top }
img { max-width:100%; height:auto; display:block; margin:8px 0 }
td:first-child { white-space:nowrap }
details { margin-top:16px } summary { cursor:pointer; color:var(--soft) }
b.holds { color:#2e7d4f } b.partly { color:#8a6100 } b.fails { color:#b3341f }
"""


class Html(str):
    """Text of which is known that it is HTML."""

    __slots__ = ()


def document(title: str, body: Sequence[str]) -> str:
    """A whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, soft: bool = False) -> str:
    kind = ' class="soft"' if soft else ""
    return f"<p{kind}>{escape(text)}</p>"


def folded(title: str, *parts: str) -> str:
    """What opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Cells are text, and are escaped, unless they are marked as HTML."""

    def cell(value: object) -> str:
        return value if isinstance(value, Html) else escape(str(value))

    lines = "".join(
        "<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="scroll"><table><tr>{top}</tr>{lines}</table></div>'


def image(png: bytes, caption: str) -> str:
    data = base64.b64encode(png).decode()
    said = escape(caption)
    return f'<img alt="{said}" src="data:image/png;base64,{data}"><p class="soft">{said}</p>'
