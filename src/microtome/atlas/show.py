"""A feature's page and lists of features in the terminal, readable at 100 columns."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from microtome.atlas.concepts import quoted
from microtome.atlas.page import Band, FeaturePage, FeatureRow
from microtome.atlas.window import window_line

_BLOCKS = "▁▂▃▄▅▆▇█"
_BARS = 32
_LISTED = 8
_NEAREST = 6
_LABEL_SOURCES = {
    "automatic": "by rule",
    "concept": "by rule on a known concept",
    "model": "by a language model",
    "person": "by a person",
}


def show_page(page: FeaturePage, console: Console, examples: int = 8) -> None:
    """Print a feature's page."""
    colour = console.color_system is not None and not console.no_color
    console.print(Group(*render(page, console.width, colour, examples)))


def render(
    page: FeaturePage, width: int = 100, colour: bool = True, examples: int = 8
) -> list[RenderableType]:
    """The parts of the page, as rich renderables; without colour, peaks are between « and »."""
    parts: list[RenderableType] = [_title(page), _facts(page)]
    if not page.count:
        return [*parts, Text("\nIt was never active on this corpus.", style="bold yellow")]
    parts.append(_activations(page))
    if len(page.positions) > 1:
        parts.append(_positions(page))
    for i, band in enumerate(page.bands):
        shown = examples if i == 0 else max(examples // 3, 1)
        parts += _band(band, page.maximum, shown, width, colour)
    parts += [_heading("Tokens"), _tokens(page, width)]
    return [*parts, _heading("Nearest features"), _neighbours(page, width)]


def _heading(title: str, note: str = "") -> Text:
    return Text.assemble((f"\n{title}", "bold"), (f"  {note}" if note else "", "dim"))


def _title(page: FeaturePage) -> Text:
    title = Text.assemble((f"\n{page.name}", "bold cyan"), "   ")
    return title.append(page.label or "no label", style="bold" if page.label else "dim")


def _facts(page: FeaturePage) -> Text:
    lines = [_label_facts(page)] if page.label else []
    lines.append(f"{page.dictionary} reads {page.site}")
    if page.cluster_label:
        lines.append(f"on the map among: {page.cluster_label}")
    lines.append(f"active on {percent(page.density)} of the tokens ({page.count:,})")
    return Text("\n".join(lines), style="dim")


def _label_facts(page: FeaturePage) -> str:
    source = _LABEL_SOURCES.get(page.label_source, page.label_source)
    said = f"labelled {source}" if source else "labelled"
    if page.label != page.automatic_label:
        return said + (f"; by rule: {page.automatic_label}" if page.automatic_label else "")
    if page.automatic_score is None:
        return said
    precision, recall = page.automatic_precision or 0, page.automatic_recall or 0
    return (
        f"{said}: F1 {page.automatic_score:.2f} on other text (precision {precision:.0%}, recall "
        f"{recall:.0%})"
    )


def percent(share: float) -> str:
    """A share with two significant digits, small ones too."""
    if share >= 0.1:
        return f"{share:.0%}"
    return f"{100 * share:.2g}%" if share >= 1e-6 else f"{100 * share:.1g}%"


def _activations(page: FeaturePage) -> Text:
    edges, counts = page.histogram.edges, page.histogram.counts
    text = _heading("Activations")
    text.append("\n")
    if counts:
        each = -(-len(counts) // _BARS)
        merged = [sum(counts[i : i + each]) for i in range(0, len(counts), each)]
        text.append(f"{number(edges[0])} ", style="dim")
        text.append("".join(2 * block for block in blocks(merged)), style="blue")
        text.append(f" {number(edges[-1])}   ", style="dim")
    text.append(f"mean {number(page.mean)}, largest {number(page.maximum)}")
    words = [f"{float(q):.0%} {number(v)}" for q, v in page.quantiles.items()]
    return text.append(f"\nbelow which lie  {'   '.join(words)}", style="dim") if words else text


def _positions(page: FeaturePage) -> Text:
    text = _heading("Positions", "share of its activations from each position on")
    text.append("\n")
    largest = max(page.positions) or 1
    for edge, share in zip(page.position_edges, page.positions, strict=False):
        bar = blocks([share / largest], 1.0)
        text.append(f"{edge} ", style="dim").append(bar, style="blue").append(f" {share:.0%}   ")
    return text


def blocks(values: Sequence[float] | Sequence[int], largest: float | None = None) -> str:
    """Bars of one line: a blank for nothing, at least the lowest block for something."""
    top = largest or max(values, default=0) or 1
    return "".join(
        " " if v <= 0 else _BLOCKS[min(int(v / top * len(_BLOCKS)), len(_BLOCKS) - 1)]
        for v in values
    )


def number(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}"


def _band(band: Band, maximum: float, most: int, width: int, colour: bool) -> list[RenderableType]:
    if band.name == "top":
        title = _heading("Top examples")
    else:
        title = _heading(f"Examples, {band.name}", f"{number(band.low)} to {number(band.high)}")
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(justify="right", no_wrap=True, width=6, style="dim")
    table.add_column(no_wrap=True, overflow="crop")
    for example in band.examples[:most]:
        line = window_line(example, maximum, width - 9, colour)
        table.add_row(number(example.activation), line)
    return [title, table]


def _tokens(page: FeaturePage, width: int) -> Table:
    """Promoted, suppressed, active and preceding tokens side by side."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    columns = [
        ("promotes", [(quoted(t.text), f"{t.score:+.2f}") for t in page.top_logits]),
        ("suppresses", [(quoted(t.text), f"{t.score:+.2f}") for t in page.bottom_logits]),
        ("active on", [(quoted(t.text), f"{t.score:.0%}") for t in page.active_tokens]),
        ("after", [(quoted(t.text), f"{t.score:.0%}") for t in page.before_tokens]),
    ]
    columns = [(name, rows[:_LISTED]) for name, rows in columns if rows]
    room = max((width - 2) // max(len(columns), 1) - 13, 6)
    for name, _ in columns:
        table.add_column(name, no_wrap=True, max_width=room, overflow="ellipsis")
        table.add_column("", justify="right", no_wrap=True)
    for i in range(max((len(rows) for _, rows in columns), default=0)):
        cells: list[Text] = []
        for _, rows in columns:
            text, score = rows[i] if i < len(rows) else ("", "")
            cells += [Text(text), Text(score.replace("-", "−"), style="dim")]
        table.add_row(*cells)
    return table


def _neighbours(page: FeaturePage, width: int) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    kinds = [
        ("writes alike", page.decoder_neighbours),
        ("reads alike", page.encoder_neighbours),
        ("active together", page.coactive_neighbours),
    ]
    kinds = [(name, rows[:_NEAREST]) for name, rows in kinds if rows]
    room = max((width - 2) // max(len(kinds), 1) - 2, 12)
    for name, _ in kinds:
        table.add_column(name, no_wrap=True, width=room, overflow="ellipsis")
    for i in range(max((len(rows) for _, rows in kinds), default=0)):
        table.add_row(*(_neighbour(rows[i]) if i < len(rows) else Text() for _, rows in kinds))
    return table


def _neighbour(row: FeatureRow) -> Text:
    score = f"{row.score:.2f}".replace("-", "−") if row.score is not None else "    "
    return Text.assemble((f"{score} ", "dim"), (row.name, "cyan"), f" {row.label}")


def show_rows(
    rows: Sequence[FeatureRow],
    console: Console,
    score: str,
    title: str,
    total: int,
    more_columns: Mapping[str, Sequence[str]] | None = None,
    note: str = "",
) -> None:
    """Print a list of features; `score` names their score, `more_columns` come before it, with a
    cell for every row, and `note` stands below."""
    if not rows:
        console.print(Text(f"{title}: none"))
        return
    more = "" if total <= len(rows) else f", {len(rows)} of {total:,}"
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    columns = {
        "feature": [row.name for row in rows],
        **(more_columns or {}),
        score: ["" if r.score is None else f"{r.score:.2f}".replace("-", "−") for r in rows],
        "density": [percent(row.density) for row in rows],
    }
    room = console.width
    for name, cells in columns.items():
        room -= max(cell_len(text) for text in (name, *cells)) + 2
        style, justify = ("cyan", "left") if name == "feature" else ("", "right")
        table.add_column(name, justify=justify, no_wrap=True, style=style)
    table.add_column("label", no_wrap=True)
    for i, row in enumerate(rows):
        label = Text(row.label)
        # a table that is too wide takes from its figures, too
        label.truncate(max(room - 2, 8), overflow="ellipsis")
        table.add_row(*(Text(cells[i]) for cells in columns.values()), label)
    console.print(Text(f"{title}{more}", style="bold"))
    console.print(table)
    if note:
        console.print(Text(note, style="dim"))
